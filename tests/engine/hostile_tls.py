"""TLS servers that mean harm, in a process of their own.

``python -m tests.engine.hostile_tls ACT`` prints its port.
"""

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable

from tests.engine.sites import server_context

HEAD = b"HTTP/1.1 200 OK\r\n"
Act = Callable[[socket.socket], None]


def _secured(line: socket.socket, tickets: int = 0) -> ssl.SSLSocket:
    context = server_context("good")
    context.num_tickets = tickets
    return context.wrap_socket(line, server_side=True)


def tickets(line: socket.socket) -> None:
    """Session tickets at line rate: the handshake of the server's side never ends."""
    _secured(line, 2**31 - 1)


def many_tickets(line: socket.socket) -> None:
    """As many as a generous server may send, and an answer."""
    secured = _secured(line, 100)
    secured.recv(4_096)
    secured.sendall(HEAD + b"Content-Length: 2\r\n\r\nhi")


def tiny_head(line: socket.socket) -> None:
    """One byte a record, without end."""
    secured = _secured(line)
    secured.sendall(HEAD + b"X: ")
    while True:
        secured.send(b"x")


def tiny_body(line: socket.socket) -> None:
    secured = _secured(line)
    secured.recv(4_096)
    secured.sendall(HEAD + b"\r\n")
    while True:
        secured.send(b"x")


def body(line: socket.socket) -> None:
    secured = _secured(line)
    secured.recv(4_096)
    secured.sendall(HEAD + b"\r\n")
    while True:
        secured.send(bytes(16_384))


def renegotiations(line: socket.socket) -> None:
    """Records of a handshake before there is one: a message that does not end."""
    line.recv(4_096)
    record = b"\x16\x03\x03\x40\x00"
    line.sendall(record + b"\x02\xff\xff\xff" + bytes(16_380))
    while True:
        line.sendall(record + bytes(16_384))


def cipher_changes(line: socket.socket) -> None:
    line.recv(4_096)
    while True:
        line.sendall(b"\x14\x03\x03\x00\x01\x01" * 2_000)


def warnings(line: socket.socket) -> None:
    line.recv(4_096)
    while True:
        line.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 2_000)


def empty_records(line: socket.socket) -> None:
    line.recv(4_096)
    while True:
        line.sendall(b"\x16\x03\x03\x00\x00" * 2_000)


def drip(line: socket.socket) -> None:
    """A handshake byte by byte."""
    line.recv(4_096)
    for byte in b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0" + bytes(16_000):
        line.sendall(bytes([byte]))
        time.sleep(0.01)


ACTS: tuple[Act, ...] = (
    tickets, many_tickets, tiny_head, tiny_body, body, renegotiations, cipher_changes, warnings,
    empty_records, drip,
)  # fmt: skip


def main(name: str) -> None:
    act = next(one for one in ACTS if one.__name__ == name)

    def take(line: socket.socket) -> None:
        try:
            act(line)
        except OSError:  # it has seen enough
            line.close()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            line, _ = server.accept()
            threading.Thread(target=take, args=(line,), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1])
