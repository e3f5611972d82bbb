"""Addresses: reserved before anything is started, and how others reach them.

The socket is bound by us, so that a port in use is a sentence and not a trace, and so
that port 0 has its real number. No HTTP server is imported for that: `pysched serve`
looks at the address before it turns into the runner.
"""

import errno
import os
import socket

from engine.errors import EngineError

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  addresses to compare with, not to bind


class CannotListen(EngineError):
    """The address cannot be had; the message says why and what to do."""

    code = "cannot_listen"


def bind(host: str, port: int) -> socket.socket:
    """Reserve an address; nobody is answered yet. Raises CannotListen."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise CannotListen(
            f"server.host {host!r} is no address of this machine: {error}"
        ) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise CannotListen(_reason(error, host, port)) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL under which this machine reaches the server."""
    bound: tuple[str, int] = listener.getsockname()[:2]
    host, port = ANY.get(bound[0], bound[0]), bound[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use by another program; "
            "stop that one, or choose another port with --port (0 takes a free one)"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this account has; choose one above 1023"
    return f"cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}"
