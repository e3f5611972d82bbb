"""The WebSockets of the HTTP server, whose library is imported when the first client comes.

That takes 20 ms and a megabyte, which a server that nobody watches does without.
"""

import asyncio
from functools import cache
from importlib import import_module
from typing import Any, cast


@cache
def _closing_protocol() -> type[asyncio.Protocol]:
    return cast("type[asyncio.Protocol]", import_module("web.live.closing").ClosingProtocol)


def websocket_protocol(**options: Any) -> asyncio.Protocol:
    """Make the protocol of one connection, as uvicorn asks for it."""
    return _closing_protocol()(**options)
