"""A fence around the files of a process: from then on it opens what it was given, and nothing else.

Landlock (landlock(7), Linux 5.13, no package and no privilege needed) is asked through the C library. Where the kernel
has none `confine` says so, and what keeps a worker from other files is the user that it runs as.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""The same numbers on every processor."""
_ASK_VERSION: Final = 1
_BENEATH: Final = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_SIGNALS, _ABSTRACT_SOCKETS = 2, 1
# What each version of Landlock knows of files: the first thirteen, then refer, truncate, and ioctl of devices.
_FILE_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_RIGHTS: Final = (1 << 16) - 1
_WITH_NETWORK, _WITH_SCOPES = 4, 6
_NO_NEW_PRIVILEGES: Final = 38


def version() -> int:
    """Which version of Landlock this kernel has; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(_call(_CREATE, None, 0, _ASK_VERSION), 0)


def program_files() -> tuple[Path, ...]:
    """Where Python and this program have their own files, which are read when a part of them is first needed."""
    paths = sysconfig.get_paths()
    named = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")} | {str(Path(__file__).parents[1])}
    return tuple(sorted(Path(each).resolve() for each in named if Path(each).is_dir()))


def confine(folders: Iterable[Path]) -> bool:
    """Let this thread, and all that it starts, read below these folders and open nothing else, for good.

    Where the kernel can, it also signals nobody outside. What is open already stays open.

    Returns:
        whether the kernel holds to it.
    """
    known = version()
    if not known:
        return False
    rights = _FILE_RIGHTS.get(known, _ALL_RIGHTS)
    # The network is what `seccomp` refuses; here it is left out.
    attributes = struct.pack("=Q", rights)
    if known >= _WITH_SCOPES:
        attributes = struct.pack("=QQQ", rights, 0, _SIGNALS | _ABSTRACT_SOCKETS)
    elif known >= _WITH_NETWORK:
        attributes = struct.pack("=QQ", rights, 0)
    rules = _call(_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        return False
    try:
        if not all(_allow(rules, folder) for folder in folders):
            return False
        if ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        return _call(_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(rules: int, folder: Path) -> bool:
    opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", _READ_FILE | _READ_FOLDER, opened)
        return _call(_ADD, rules, _BENEATH, rule, 0) == 0
    finally:
        os.close(opened)


def _call(number: int, *arguments: int | bytes | None) -> int:
    """A system call that the C library has no name for; -1 when the kernel refuses it or does not know it."""
    given = [ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in arguments]
    return int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *given))
