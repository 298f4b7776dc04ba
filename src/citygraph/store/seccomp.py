"""A fence around a process: from then on the kernel refuses it every socket and every other program.

Nothing in the engine turns `SERVICE` off, so the last word is the kernel's (Linux on x86-64 and aarch64;
seccomp(2), no package needed). Elsewhere the grammar check stands alone, and `put_up` says so.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from typing import Final

_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # SECCOMP_RET_ERRNO with EPERM
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NUMBER_AT, _MACHINE_AT = 0, 4
_X32: Final = 0x40000000  # the same calls under other numbers
# socket, connect, execve, execveat, ptrace, io_uring_setup (which opens sockets of its own)
_MACHINES: Final = {
    "x86_64": (0xC000003E, (41, 42, 59, 322, 101, 425)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 117, 425)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def is_possible() -> bool:
    """Whether this machine has such a fence."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def put_up() -> bool:
    """Fence in this thread and all that it starts, for good; whether there is a fence now."""
    if not is_possible():
        return False
    machine, refused = _MACHINES[platform.machine()]
    code = b"".join(struct.pack("=HBBI", *each) for each in _instructions(machine, refused))
    kept = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(machine: int, refused: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """The filter: operation, how far to jump when it holds and when it does not, operand."""
    to_refuse = len(refused) + 1
    checks = [(_EQUAL, to_refuse - place, 0, number) for place, number in enumerate(refused, start=1)]
    return [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 0, to_refuse + 2, machine),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, to_refuse, 0, _X32),
        *checks,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
