"""Read what a client asks for over its WebSocket.

One mistake spoils nothing else: a list with a wrong subject in it still has its right
ones, and each wrong one is told.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast, get_args

from web.service import Stream

LONGEST_MESSAGE: Final = 1 << 16
"""Bytes; a client that sends more is closed with 1009 (RFC 6455 §7.4.1)."""
LONGEST_ECHO: Final = 200
MOST_SUBJECTS: Final = 100
"""Of one message; each run among them is looked up at once."""
TOPICS: Final = ("runs", "tree", "environments")
STREAMS: Final[Sequence[str]] = get_args(Stream)
SUBJECTS: Final = "runs, run:<id>, tree, environments"
_KEYS: Final = frozenset({"subscribe", "unsubscribe", "ping"})
_RUN_KEYS: Final = frozenset({"run", "offset", "stream"})
_RUN_ID: Final = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)
_LARGEST_OFFSET: Final = 2**53
"""Above it, JavaScript counts no longer by one."""


class Complaint(NamedTuple):
    code: str
    detail: str
    subject: str | None = None


class Follow(NamedTuple):
    """One run, from an offset of its output on."""

    run: str
    stream: Stream = "all"
    offset: int = 0

    @property
    def name(self) -> str:
        return f"run:{self.run}"


Subject = str | Follow
"""One of TOPICS, or a run."""


@dataclass(slots=True)
class Wishes:
    """What one message asks for."""

    subscribe: list[Subject] = field(default_factory=list[Subject])
    unsubscribe: list[Subject] = field(default_factory=list[Subject])
    pings: list[str | int | None] = field(default_factory=list[str | int | None])
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    changes: bool = False
    """Subscriptions were to change; whether they did, the answer says."""


def read_wishes(text: str) -> Wishes:
    """Read one message; nothing in it makes this raise."""
    wishes = Wishes()
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        wishes.complaints.append(Complaint("invalid_json", f"this is no JSON: {error}"))
        return wishes
    if not isinstance(message, dict):
        wishes.complaints.append(Complaint("invalid_message", "a message is a JSON object"))
        return wishes
    given = cast("dict[str, Any]", message)
    wishes.complaints += _wrong_keys(given, _KEYS, None)
    wishes.changes = bool({"subscribe", "unsubscribe"} & given.keys())
    if _too_many(given):
        detail = f"a message may have {MOST_SUBJECTS} subjects at most; nothing of it was done"
        wishes.complaints.append(Complaint("too_many_subscriptions", detail))
        return wishes
    for name, wanted in (
        ("subscribe", wishes.subscribe),
        ("unsubscribe", wishes.unsubscribe),
    ):
        for one in _subjects(given, name):
            if isinstance(one, Complaint):
                wishes.complaints.append(one)
            else:
                wanted.append(one)
    if "ping" in given:
        _read_ping(given["ping"], wishes)
    return wishes


def _too_many(given: Mapping[str, object]) -> bool:
    lists = (given.get(name) for name in ("subscribe", "unsubscribe"))
    return sum(len(cast("list[object]", one)) for one in lists if isinstance(one, list)) > (
        MOST_SUBJECTS
    )


def _wrong_keys(
    given: Mapping[str, object], known: frozenset[str], subject: str | None
) -> list[Complaint]:
    unknown = sorted(given.keys() - known)
    if given and not unknown:
        return []
    what = f"there is no key {_short(unknown[0])}" if unknown else "it is empty"
    return [Complaint("invalid_message", f"{what}; keys are {', '.join(sorted(known))}", subject)]


def _subjects(given: Mapping[str, object], name: str) -> Iterator[Subject | Complaint]:
    listed = given.get(name, [])
    if not isinstance(listed, list):
        yield Complaint("invalid_message", f"{name} takes a list of subjects: {SUBJECTS}")
        return
    for one in cast("list[object]", listed):
        yield _subject(one)


def _subject(given: object) -> Subject | Complaint:
    if isinstance(given, dict):
        return _follow(cast("dict[str, object]", given))
    if isinstance(given, str):
        if given in TOPICS:
            return given
        kind, _, run = given.partition(":")
        if kind == "run" and run:
            return Follow(run) if _RUN_ID.fullmatch(run) else no_run(run)
    return Complaint("unknown_subject", f"subjects are {SUBJECTS}", _short(given))


def _follow(given: Mapping[str, object]) -> Follow | Complaint:
    run, offset, stream = given.get("run"), given.get("offset", 0), given.get("stream", "all")
    subject = f"run:{run}" if isinstance(run, str) and run else None
    if subject is None:
        return Complaint("invalid_message", "run is missing: it takes the id of a run")
    subject = _short(subject)
    if wrong := _wrong_keys(given, _RUN_KEYS, subject):
        return wrong[0]
    # A bool is an int to Python, and none to whoever sent it.
    if type(offset) is not int or not 0 <= offset <= _LARGEST_OFFSET:
        return Complaint("invalid_message", "offset is a number of bytes, 0 or more", subject)
    if stream not in STREAMS:
        return Complaint("invalid_message", f"stream is one of {', '.join(STREAMS)}", subject)
    if not _RUN_ID.fullmatch(cast("str", run)):
        return no_run(cast("str", run))
    return Follow(cast("str", run), cast("Stream", stream), offset)


def no_run(run: str) -> Complaint:
    """Tell that a run is not there, or not to be known of."""
    return Complaint("not_found", f"there is no run {_short(run)!r}", f"run:{_short(run)}")


def _read_ping(given: object, wishes: Wishes) -> None:
    is_text = isinstance(given, str) and len(given) <= LONGEST_ECHO and given.isprintable()
    is_number = type(given) is int and abs(given) <= _LARGEST_OFFSET
    if given is None or is_text or is_number:
        wishes.pings.append(cast("str | int | None", given))
    else:
        detail = f"ping takes a text of up to {LONGEST_ECHO} characters, a whole number or null"
        wishes.complaints.append(Complaint("invalid_message", detail))


def _short(given: object) -> str:
    text = given if isinstance(given, str) else json.dumps(given)
    # Half of a surrogate pair comes through JSON and goes out in nothing.
    text = text.encode(errors="replace").decode()
    return text if len(text) <= LONGEST_ECHO else f"{text[: LONGEST_ECHO - 1]}…"
