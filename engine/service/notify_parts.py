"""What noticing and delivering share."""

from dataclasses import dataclass

from engine.ports import Clock, NotificationStore, RunStore
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.schedule.shared_alarm import SharedAlarm


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyParts:
    clock: Clock
    state: State
    runs: RunStore
    store: NotificationStore
    alarm: SharedAlarm
    tasks: Tasks
