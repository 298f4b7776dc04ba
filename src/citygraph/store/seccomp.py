"""A fence around a process: from then on the kernel refuses it every socket, other program and signal to others.

Nothing in the engine turns `SERVICE` off, so the last word is the kernel's (Linux on x86-64 and aarch64;
seccomp(2), no package needed). Elsewhere the grammar check stands alone, and `put_up` says so.
"""

from __future__ import annotations

import ctypes
import os
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
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_X32: Final = 0x40000000  # the same calls under other numbers
# socket, connect, execve, execveat, ptrace, process_vm_readv and _writev, io_uring_setup (which opens sockets of its own);
# tkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, pidfd_getfd. Then kill and tgkill, which it may use on itself:
# that is how a library ends its process.
_MACHINES: Final = {
    "x86_64": (0xC000003E, (41, 42, 59, 322, 101, 310, 311, 425, 200, 129, 297, 424, 438), (62, 234)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 117, 270, 271, 425, 130, 138, 240, 424, 438), (129, 131)),
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
    code = b"".join(struct.pack("=HBBI", *each) for each in _instructions(*_MACHINES[platform.machine()], os.getpid()))
    kept = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(
    machine: int, refused: tuple[int, ...], to_itself: tuple[int, ...], pid: int
) -> list[tuple[int, int, int, int]]:
    """The filter: operation, how far to jump when it holds and when it does not, operand."""
    # Behind the checks stand: allow, refuse, and for signals the look at whom they are for.
    rest = len(refused) + len(to_itself)
    checks = [(_EQUAL, rest - place + 1, 0, number) for place, number in enumerate(refused, start=1)]
    signals = [(_EQUAL, rest - place + 2, 0, number) for place, number in enumerate(to_itself, start=len(refused) + 1)]
    return [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 0, rest + 3, machine),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, rest + 1, 0, _X32),
        *checks,
        *signals,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_EQUAL, 0, 1, pid),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
