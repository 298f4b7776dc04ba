"""No server at all: `python -m bench.same_bytes PORT` reads what comes and sends the same answer to everybody."""

from __future__ import annotations

import select
import socket
import sys

__all__ = ["main"]

BODY = b"x" * 300
ANSWER = b"HTTP/1.1 200 OK\r\n" + b"x-filling: %s\r\n" % (b"x" * 340) + b"content-length: %d\r\n\r\n" % len(BODY) + BODY


def main() -> None:
    """Run until it is ended."""
    door = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    poll, clients = select.epoll(), dict[int, socket.socket]()
    poll.register(door.fileno(), select.EPOLLIN)
    while True:
        for file, _ in poll.poll():
            client = clients.get(file)
            if client is None:
                client, _ = door.accept()
                clients[client.fileno()] = client
                poll.register(client.fileno(), select.EPOLLIN)
            elif client.recv(16_384):
                client.send(ANSWER)
            else:
                poll.unregister(file)
                clients.pop(file).close()


if __name__ == "__main__":
    main()
