"""Keep what sends a notice off this machine's files and programs, and off private networks.

A URL in a manifest is written by whoever may edit scripts, and is followed by the server:
without a guard it would reach what only the server can reach (CWE-918). Names prove
nothing, as one may resolve to a public address when it is looked at and to another when it
is used, so what counts is the address of each connection at the moment it is made.
Python tells of these through its audit hooks (PEP 578), which nothing can take away again.
"""

import os
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any, cast

_PROGRAMS = frozenset(
    {
        "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile",
        "os.system", "pty.spawn", "subprocess.Popen",
    }
)  # fmt: skip
_CONNECTIONS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6 (RFC 4291, 2.4, and IANA): Python takes more for global."""
_NAT64 = 0x64FF9B << 96 >> 32


class Forbidden(PermissionError):
    """What was asked for is not what a notification needs; the text says what it was."""


def is_public(text: str) -> bool:
    """Say whether an address belongs to the internet at large, whatever it is wrapped in."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(address)
    if isinstance(inner, IPv6Address) and inner not in _UNICAST:
        return False
    return inner.is_global and not inner.is_multicast


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if int(address) >> 32 == _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


class Guard:
    """An audit hook that remembers what it refused, since libraries keep failures to themselves."""

    def __init__(self, readable: Sequence[Path], allowed: Collection[str] | None) -> None:
        """Let files below `readable` be read, and private addresses be reached that are `allowed`.

        None allows all of them.
        """
        self._readable = tuple(f"{path}{os.sep}" for path in readable)
        self._allowed = None if allowed is None else frozenset(allowed)
        self.refused: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise Forbidden for what must not be."""
        if event in _CONNECTIONS:
            self._connect(arguments[1])
        elif event == "open":
            self._open(*arguments)
        elif event in _PROGRAMS:
            self._refuse("a notification must not run programs")

    def _connect(self, address: Any) -> None:
        if address is None:  # sendmsg on a socket that was connected before
            return
        if not isinstance(address, tuple):
            self._refuse("a notification must not speak to programs of this machine")
        host = str(cast("tuple[object, ...]", address)[0])
        if self._allowed is not None and host not in self._allowed and not is_public(host):
            self._refuse(
                f"{host} is not on the internet; an administrator can allow it with "
                "notifications.allow_private or notifications.allowed_hosts"
            )

    def _open(self, path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return
        writes = flags & _WRITES if mode is None else mode.strip("rbt") != ""
        where = os.path.realpath(os.fsdecode(path))
        if writes or not f"{where}{os.sep}".startswith(self._readable):
            self._refuse("a notification must not read or write files of the server")

    def _refuse(self, why: str) -> None:
        self.refused.append(why)
        raise Forbidden(why)
