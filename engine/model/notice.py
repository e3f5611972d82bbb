"""What people are told of scripts, and how far the telling has come."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from engine.model.identity import RunId, ScriptId


class NoticeKind(StrEnum):
    """Why somebody is told; the first five are the words of `notify.when`."""

    SUCCESS = "success"
    FAILURE = "failure"
    RECOVERY = "recovery"
    MISSED = "missed"
    LONG_RUNNING = "long_running"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is remembered of a script from one notice to the next."""

    failing_since: datetime | None = None
    """End of the first failure after the last success; None while it does not fail."""
    failures: int = 0
    """Since then."""
    failure_told_at: datetime | None = None
    """When a failure of this series was last told."""
    missed_told_at: datetime | None = None
    expected_since: datetime | None = None
    """From when `expect_within` counts: the last success, or when it came into force."""
    overdue_told: bool = False
    """That no run succeeded for too long was told, and none has succeeded since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that happened, put in words."""

    id: str
    """Formed from what happened, so that it is told once, however often it is found."""
    kind: NoticeKind
    script: ScriptId | None
    """None for a test that is about no script."""
    run: RunId | None
    at: datetime
    subject: str
    """One line."""
    text: str


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to one of those who are told."""

    id: int
    notice: Notice
    target: str
    """As it is written in the manifest: a mail address or an Apprise URL."""
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    """Of the next attempt; None when there will be none."""
    done_at: datetime | None = None
    """When it was delivered or given up."""
    error: str = ""
    """What the newest attempt that failed was told."""


class Tried(NamedTuple):
    """How the test of one target went."""

    target: str
    """As it may be shown."""
    delivered: bool
    detail: str
