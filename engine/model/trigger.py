"""Reasons to run, as a script's manifest states them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.model.identity import ScriptId, TriggerKey


class CatchUp(StrEnum):
    """What happens to occurrences missed while the server was down."""

    NONE = "none"
    LATEST = "latest"
    ALL = "all"


class AfterOutcome(StrEnum):
    """Which end of the other script's run sets an `after` trigger off."""

    SUCCESS = "success"
    FAILURE = "failure"
    FINISH = "finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What all triggers share."""

    key: TriggerKey
    enabled: bool = True
    args: tuple[str, ...] = ()
    """Added to the script's own."""
    env: tuple[tuple[str, str], ...] = ()
    """Added to the script's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedTrigger(Trigger):
    """A trigger whose occurrences are known ahead."""

    jitter: timedelta = timedelta()
    """Upper bound of the script's own stable delay."""
    catch_up: CatchUp = CatchUp.LATEST
    catch_up_window: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTrigger(TimedTrigger):
    expression: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryTrigger(TimedTrigger):
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTrigger(TimedTrigger):
    moment: datetime
    """With time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupTrigger(Trigger):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlTrigger(Trigger):
    token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterTrigger(Trigger):
    script: ScriptId
    when: AfterOutcome = AfterOutcome.SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesTrigger(Trigger):
    pattern: str
    """Glob below the script's directory, such as `inbox/*.csv`."""


KINDS: dict[type[Trigger], str] = {
    CronTrigger: "cron",
    EveryTrigger: "every",
    AtTrigger: "at",
    StartupTrigger: "startup",
    UrlTrigger: "url",
    AfterTrigger: "after",
    FilesTrigger: "files",
}


def kind_of(trigger: Trigger) -> str:
    """Return the manifest's word for the trigger, such as `cron`."""
    return KINDS[type(trigger)]
