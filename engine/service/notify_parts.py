"""What the parts that tell people share."""

from collections.abc import Callable
from typing import NamedTuple

from engine.model.identity import ScriptId
from engine.ports import Clock, NotificationStore, RunStore
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.schedule.shared_alarm import SharedAlarm


class NotifyParts(NamedTuple):
    clock: Clock
    state: State
    runs: RunStore
    store: NotificationStore
    alarm: SharedAlarm
    tasks: Tasks


class Secrecy(NamedTuple):
    """How secrets get into targets and out of texts."""

    reveal: Callable[[ScriptId | None, str], str]
    """Fills the secrets of a script into a target. Raises EngineError."""
    redact: Callable[[str], str]


def _as_it_is(text: str) -> str:
    return text


def _target_as_it_is(_: ScriptId | None, target: str) -> str:
    return target


OPEN = Secrecy(reveal=_target_as_it_is, redact=_as_it_is)
"""Without a store of secrets."""
