"""A server that answers every request with the same bytes: the least that HTTP costs."""

import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.client import Connection


def serve(size: int) -> None:
    """Answer one connection until it is closed, having told the port."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b" " * size
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        received = bytearray()
        while data := connection.recv(1 << 16):
            received += data
            while b"\r\n\r\n" in received:
                del received[: received.index(b"\r\n\r\n") + 4]
                connection.sendall(answer)


@contextmanager
def canned_server(size: int) -> Generator[Connection]:
    """Give a connection to such a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.canned", str(size)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    )
    try:
        assert process.stdout is not None
        connection = Connection(int(process.stdout.readline()), "no key")
        yield connection
        connection.close()
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
