"""What the kernel knows of a connection and the event loop does not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from typing import Final

__all__ = ["is_measurable", "moved", "reset", "unread"]

_INFO_SIZE: Final = 136
_BYTES_ACKED: Final = 120
"""Where `tcpi_bytes_acked` and `tcpi_bytes_received` stand in `struct tcp_info` (linux/tcp.h, since 4.1)."""


def unread(transport: asyncio.Transport) -> int:
    """The bytes that the other side has not taken, those that wait in the kernel included.

    The kernel takes more only when a third of its room is free, and that can be most of a megabyte (tcp(7)).
    """
    size = transport.get_write_buffer_size()
    with contextlib.suppress(ImportError, OSError):
        size += _waiting(transport.get_extra_info("socket").fileno(), out=True)
    return size


def reset(transport: asyncio.Transport) -> None:
    """End a connection whose other side takes nothing: what waits in the kernel is thrown away too."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def is_measurable() -> bool:
    """Whether this machine tells how much went over a connection."""
    return sys.platform == "linux"


def moved(connection: socket.socket) -> tuple[int, int]:
    """The bytes that have been written to a TCP connection and read from it so far, by whichever process.

    Raises:
        OSError: it is no TCP connection, or is gone.
    """
    before = None
    # Bytes may arrive, or be acknowledged, between one call and the next.
    while before != (now := _counted(connection)):
        before = now
    acknowledged, received, waiting, arrived = now
    return acknowledged + waiting, received - arrived


def _counted(connection: socket.socket) -> tuple[int, int, int, int]:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_SIZE)
    acknowledged, received = struct.unpack_from("=QQ", info, _BYTES_ACKED)
    fd = connection.fileno()
    return acknowledged, received, _waiting(fd, out=True), _waiting(fd, out=False)


def _waiting(fd: int, *, out: bool) -> int:
    """Bytes in the kernel: written and not acknowledged, or arrived and not read."""
    import fcntl  # noqa: PLC0415  # POSIX alone has it
    import termios  # noqa: PLC0415

    counted = fcntl.ioctl(fd, termios.TIOCOUTQ if out else termios.FIONREAD, bytes(4))
    return int.from_bytes(counted, sys.byteorder)
