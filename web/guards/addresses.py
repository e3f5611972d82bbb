"""Who calls and under which name: the client behind trusted proxies, and the Host header.

X-Forwarded-For is what anybody may write; it is believed from a trusted proxy alone, and
then from its right end, which the nearest proxy wrote, up to the first address that is no
proxy of ours.

The Host header is looked at while the server listens on a loopback address, against DNS
rebinding: a web page of a stranger's, whose name was made to lead to 127.0.0.1, would be of
the same origin as the server to a browser on this machine. Such a page always comes under a
name, so every IP address is let through, as are localhost and what is configured.
"""

from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
ANY = "*"


def is_loopback(host: str) -> bool:
    """Say whether a server that listens there is reached from its own machine alone."""
    address = _address(host)
    return address.is_loopback if address else host.lower().rstrip(".") == "localhost"


def neighbourhood(host: str) -> str:
    """Return what to count a caller by: his address, or of IPv6 the /64 that it is in.

    A subscriber gets a /64 at least (RFC 6177), so single addresses of it are no bound to him.
    """
    if ":" not in host:
        return host
    address = _address(host)
    if address is None or address.is_loopback:
        return host
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Address(int(address) >> 64 << 64)) + "/64"


class Hosts:
    """The names under which a server may be called."""

    def __init__(self, allowed: Sequence[str], *, everything: bool) -> None:
        self._everything = everything or ANY in allowed
        self._names = frozenset(name.lower().rstrip(".") for name in allowed)
        # The same few at every request, each of which takes 20 µs to read.
        self._known = lru_cache(maxsize=512)(self._is_known)

    def allows(self, host: str) -> bool:
        """Say whether a Host header's value, port included, is one of ours."""
        return self._everything or self._known(host)

    def _is_known(self, host: str) -> bool:
        name = _without_port(host).lower().rstrip(".")
        return (
            name in self._names
            or name == "localhost"
            or name.endswith(".localhost")
            or _address(name) is not None
        )


class Proxies:
    """The proxies that are believed."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = tuple(ip_network(network) for network in networks)
        self._trusted = lru_cache(maxsize=1024)(self._is_trusted)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, peer: str) -> bool:
        return bool(self._networks) and self._trusted(peer)

    def client(self, peer: str, forwarded: str) -> str:
        """Return who asked, given the peer and its X-Forwarded-For."""
        client = peer
        for hop in reversed(forwarded.split(",")):
            if not self.trusts(client):
                break
            address = _address(_without_port(hop.strip()))
            if address is None:
                break
            client = str(address)
        return client

    def _is_trusted(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )


def believe(scope: MutableMapping[str, Any], proxies: Proxies, headers: dict[bytes, bytes]) -> bool:
    """Set a request's client and scheme to what a trusted proxy says; False for other peers."""
    client = scope.get("client")
    if not client or not proxies.trusts(client[0]):
        return False
    forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
    scope["client"] = (proxies.client(client[0], forwarded), client[1])
    proto = headers.get(b"x-forwarded-proto", b"").rpartition(b",")[2].strip().lower()
    if proto in {b"http", b"https"}:
        secure = proto == b"https"
        if scope["type"] == "websocket":
            scope["scheme"] = "wss" if secure else "ws"
        else:
            scope["scheme"] = "https" if secure else "http"
    return True


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and ":" not in name else host


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
