"""Wake the loop at a time, and keep house: the only door to APScheduler.

APScheduler is an alarm clock here. It knows one date for the loop and a few
intervals for housekeeping, never a cron expression: it counts weekdays from
Monday and joins the day fields by AND.

Its timers stand still while the machine sleeps and do not see a wall clock that
is set, so the clock is looked at every 30 seconds at the latest and before each
ring; a jump is told before the alarm it makes due.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol, cast

from apscheduler.schedulers.asyncio import (  # pyright: ignore[reportMissingTypeStubs]
    AsyncIOScheduler,
)
from apscheduler.triggers.date import DateTrigger  # pyright: ignore[reportMissingTypeStubs]
from apscheduler.triggers.interval import (  # pyright: ignore[reportMissingTypeStubs]
    IntervalTrigger,
)

from engine.ports import Clock
from engine.schedule.jump import Jump, Wakefulness

logger = logging.getLogger(__name__)

LONGEST_SLEEP = timedelta(seconds=30)

_RING = "alarm"
_interval = cast("Callable[..., object]", IntervalTrigger)
"""Its inferred type takes whole seconds; it takes fractions as well."""
_MANY = 1000
"""A ring may set the next alarm before APScheduler has taken its own job off the books."""


class _Scheduler(Protocol):
    """What is used of AsyncIOScheduler, which has no types."""

    def start(self) -> None: ...
    def wakeup(self) -> None: ...
    def shutdown(self, wait: bool = True) -> None: ...  # noqa: FBT001, FBT002 - their signature
    def get_job(self, job_id: str) -> object | None: ...
    def remove_job(self, job_id: str) -> None: ...
    def add_job(
        self, func: Callable[[], Awaitable[None]], trigger: object, **options: object
    ) -> object: ...


class _Task(NamedTuple):
    interval: timedelta
    work: Callable[[], Awaitable[None]]


class ApsAlarm:
    """The Alarm port over APScheduler, and housekeeping at intervals.

    All methods are called on the event loop that `start` ran on.
    """

    def __init__(
        self,
        clock: Clock,
        on_jump: Callable[[Jump], None] | None = None,
        *,
        longest_sleep: timedelta = LONGEST_SLEEP,
    ) -> None:
        """`on_jump` is called when the wall clock moved by more than two seconds on its own."""
        self._clock = clock
        self._on_jump = on_jump
        self._longest_sleep = longest_sleep
        self._scheduler = cast("_Scheduler", AsyncIOScheduler(timezone=UTC))
        self._awake = Wakefulness(clock.now(), clock.monotonic())
        self._alarm: tuple[datetime, Callable[[], None]] | None = None
        self._housekeeping: dict[str, _Task] = {}
        self._working: dict[str, asyncio.Task[None]] = {}
        self._heartbeat: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to count time on the running event loop."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler.start()
        self._beat()

    async def stop(self) -> None:
        """Ring no more, cancel housekeeping that is under way, and wait for its end."""
        self._alarm = None
        if self._heartbeat is None:
            return
        self._heartbeat.cancel()
        self._heartbeat = None
        self._scheduler.shutdown(wait=False)
        working = tuple(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await asyncio.sleep(0)  # APScheduler shuts down in the loop's next turn

    def set(self, at: datetime | None, ring: Callable[[], None]) -> None:
        """Call `ring` at the given wall-clock time, at once if it is past; None for never."""
        before = self._alarm
        if at is None:
            self._alarm = None
            if self._scheduler.get_job(_RING) is not None:
                self._scheduler.remove_job(_RING)
            return
        self._alarm = (at, ring)
        if before is None or before[0] != at:
            self._arm(at)

    def every(
        self,
        interval: timedelta,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        first: timedelta | None = None,
    ) -> None:
        """Do some housekeeping again and again, first after `first` or else one interval.

        A turn that comes while the last one is still at work is left out. One that
        fails is logged and tried again at its next turn.
        """
        self._housekeeping[name] = _Task(interval, work)
        self._plan(name, first)

    def _plan(self, name: str, first: timedelta | None = None) -> None:
        interval = self._housekeeping[name].interval
        self._scheduler.add_job(
            partial(self._turn, name),
            _interval(seconds=interval.total_seconds(), timezone=UTC),
            id=f"housekeeping {name}",
            next_run_time=self._clock.now() + (interval if first is None else first),
            replace_existing=True,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=_MANY,
        )

    def _arm(self, at: datetime) -> None:
        self._scheduler.add_job(
            self._fire,
            DateTrigger(at.astimezone(UTC), timezone=UTC),
            id=_RING,
            replace_existing=True,
            misfire_grace_time=None,
            max_instances=_MANY,
        )

    async def _fire(self) -> None:
        self._look()
        self._ring_if_due()

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        self._heartbeat = loop.call_later(self._longest_sleep.total_seconds(), self._beat)
        self._look()
        self._ring_if_due()

    def _look(self) -> None:
        jump = self._awake.look(self._clock.now(), self._clock.monotonic())
        if jump is None:
            return
        logger.warning("the clock jumped", extra={"seconds": jump.by.total_seconds()})
        if jump.by < timedelta():
            # Their next turns were planned on the old reading, which may be days away.
            for name in self._housekeeping:
                self._plan(name)
        self._scheduler.wakeup()
        if self._on_jump is not None:
            self._on_jump(jump)

    def _ring_if_due(self) -> None:
        if self._alarm is not None and self._alarm[0] <= self._clock.now():
            _, ring = self._alarm
            self._alarm = None
            ring()

    async def _turn(self, name: str) -> None:
        if name not in self._working:
            self._working[name] = asyncio.create_task(self._work(name), name=name)

    async def _work(self, name: str) -> None:
        try:
            await self._housekeeping[name].work()
        except Exception:
            logger.exception("housekeeping failed", extra={"task": name})
        finally:
            del self._working[name]
