"""Have notices sent by Apprise, in a process that ends when it has; see `chat_child`."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.errors import CommandFailed
from engine.model.notice import Notice, NoticeKind
from engine.model.target import without_secrets
from engine.notify.attempt import Attempt
from engine.notify.chat_child import ORDER_VARIABLE
from engine.notify.wording import one_line
from engine.process import run_command

START_SECONDS, SEND_SECONDS = 30.0, 30.0
MOST_BYTES = 100_000
"""Of one order: the kernel takes 128 KiB in a variable of the environment (execve(2))."""
_PASSED_ON = (
    "PATH", "HOME", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip
_TYPES = {
    NoticeKind.SUCCESS: "success",
    NoticeKind.RECOVERY: "success",
    NoticeKind.FAILURE: "failure",
    NoticeKind.MISSED: "warning",
    NoticeKind.LONG_RUNNING: "warning",
    NoticeKind.TEST: "info",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A notice and the URL it goes to, secrets filled in."""

    notice: Notice
    url: str


def portions(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    """Divide parcels, in order, into as many as one order can hold."""
    portion: list[Parcel] = []
    size = 0
    for parcel in parcels:
        length = len(_written(_message(parcel)).encode()) + 2
        if portion and size + length > MOST_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(parcel)
        size += length
    if portion:
        yield portion


async def send_chat(
    parcels: Sequence[Parcel], *, allowed: Sequence[str] | None, cwd: Path
) -> list[Attempt]:
    """Send one of the `portions` of notices, and tell of each what became of it.

    Of private addresses only those of the hosts `allowed` are reached; None allows all. A
    notice whose end is not known counts as not delivered and may arrive twice.
    """
    order = {
        "allowed": None if allowed is None else list(allowed),
        "messages": [_message(parcel) for parcel in parcels],
    }
    try:
        done = await run_command(
            # A directory named like one of our modules may be where the server was started: -P.
            [sys.executable, "-P", "-m", "engine.notify.chat_child"],
            cwd=cwd,
            env={**_environment(), ORDER_VARIABLE: _written(order)},
            timeout=START_SECONDS + SEND_SECONDS * len(parcels),
        )
    except CommandFailed as error:
        return [Attempt(delivered=False, detail=str(error))] * len(parcels)
    answers = done.stdout.splitlines()[: len(parcels)]
    results = [_attempt(*each) for each in zip(parcels, answers, strict=False)]
    last = done.stderr.splitlines()[-1:] or [f"the helper ended with {done.code}"]
    lost = Attempt(delivered=False, detail=f"it was not sent: {one_line(last[0], 300)}")
    return results + [lost] * (len(parcels) - len(results))


def _written(value: Mapping[str, Any]) -> str:
    # Text as it is: escaped, a text in another script than Latin would be twice as long.
    text = json.dumps(value, ensure_ascii=False)
    # Half of a surrogate pair, as an escape in a URL of YAML can make one, is in no encoding.
    return text.encode(errors="replace").decode()


def _message(parcel: Parcel) -> dict[str, str]:
    notice = parcel.notice
    return {
        "url": parcel.url,
        "title": notice.subject,
        "body": notice.text,
        "type": _TYPES[notice.kind],
    }


def _environment() -> Mapping[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _attempt(parcel: Parcel, line: str) -> Attempt:
    try:
        result = cast("dict[str, Any]", json.loads(line))
    except ValueError:  # a plugin that prints
        return Attempt(delivered=False, detail=f"the helper said: {one_line(line, 300)}")
    return Attempt(
        delivered=bool(result["delivered"]),
        detail=one_line(without_secrets(str(result["detail"]), parcel.url), 500),
        hopeless=bool(result["hopeless"]),
    )
