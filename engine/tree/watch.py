"""Hint at changes in the tree: by the kernel's events where they are to be had, else by polling.

A hint is a set of paths, or "look at everything" where events may have been
lost: after a very large batch, when the kernel's queue overflowed, when this
process was held up, and when the root is another directory than before. Hints
carry no authority. A scan every so often finds what no hint told of: seldom as long
as events are `trusted`, else every minute.

On Linux the events come from inotify itself (see `inotify` for the reasons),
elsewhere from watchfiles, which is imported only there. Where the limit of
watches is met, what is watched stays watched and the rest is polled.
"""

import asyncio
import os
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from engine.ports import Clock
from engine.tree.ignore import is_ignored_path
from engine.tree.inotify import is_supported
from engine.tree.mounts import is_local
from engine.tree.pace import Changed, Pace, Poll
from engine.tree.watched import LookAtEverything, WatchedDirectories

Identity = tuple[int, int]
"""Device and inode of the root."""

MANY = 1_000
"""Paths in one batch from which on a full scan is cheaper, and safer, than naming them."""


class TreeWatcher:
    """The Watcher of a directory on disk."""

    def __init__(
        self,
        root: Path,
        clock: Clock,
        *,
        polling: bool = False,
        pace: Pace | None = None,
        native: bool | None = None,
    ) -> None:
        """Watch below `root`.

        `polling`: for network file systems and bind mounts that send no events.
        `native`: use inotify; None where the system has it.
        """
        self.root = root.absolute()
        self._clock = clock
        self._polling = polling
        self._pace = pace or Pace()
        self._native = is_supported() if native is None else native
        self._degraded: str | None = None
        self._all_watched = False
        self.armed = asyncio.Event()
        """Set while changes are noticed by events."""

    @property
    def degraded(self) -> str | None:
        return self._degraded

    @property
    def trusted(self) -> bool:
        """Say whether every change of the tree is an event, so that scans need not be frequent.

        Not of a shared file system, nor where watchfiles does not tell of lost events.
        """
        return self._all_watched and is_local(_mountinfo(), self._real_root())

    async def watch(self, changed: Changed) -> None:
        """Call `changed` for as long as it is not cancelled; see Watcher."""
        try:
            while True:
                await self._watch_once(changed)
        finally:
            self.armed.clear()

    async def _watch_once(self, changed: Changed) -> None:
        """Watch until events may have been lost or the root has to be watched anew."""
        identity = self._identity()
        if self._polling:
            self._degraded = "polling is set: changes are found by scans alone"
            await self._poll(changed, None)
        elif identity is None:
            await self._miss_the_root(changed)
        elif self._native:
            await self._watch_natively(changed, identity)
        else:
            await self._watch_by_library(changed, identity)

    async def _miss_the_root(self, changed: Changed) -> None:
        text = f"{self.root} is not there; waiting for it"
        if self._degraded != text:
            self._degraded = text
            await changed(None)
        await asyncio.sleep(self._pace.check / 4)

    async def _watch_natively(self, changed: Changed, identity: Identity) -> None:
        try:
            watched = WatchedDirectories(self._real_root())
        except OSError as error:
            self._degraded = _limit_text(error)
            await self._poll(changed, self._pace.retry)
            return
        try:
            await asyncio.to_thread(watched.watch_below, watched.root)
            await self._follow(watched, changed, identity)
        except LookAtEverything:
            # The watches are set up anew, and with that everything is looked at.
            return
        finally:
            self._all_watched = False
            self.armed.clear()
            watched.close()

    async def _follow(
        self, watched: WatchedDirectories, changed: Changed, identity: Identity
    ) -> None:
        """Tell of events until the root changed or, if the limit was met, until the next try."""
        began = self._clock.monotonic()
        poll = Poll(self._clock, self._pace.poll)
        # What was made while the watches were being set up was before any event.
        await poll.look(changed)
        while watched.limit is None or self._clock.monotonic() - began < self._pace.retry:
            self._degraded = _limit_text(watched.limit) if watched.limit else None
            self._all_watched = watched.limit is None
            self.armed.set()
            wait = self._pace.check if watched.limit is None else poll.due_in
            paths = await self._next_batch(watched, wait)
            if self._identity() != identity:
                return
            if paths:
                await changed(self._as_told(paths, watched.root))
            if watched.limit is not None and not poll.due_in:
                await poll.look(changed)

    async def _next_batch(self, watched: WatchedDirectories, wait: float) -> set[str]:
        """Return paths that changed together, none after `wait` seconds without any."""
        before = self._clock.monotonic()
        something = await _readable(watched.fileno(), wait)
        if self._clock.monotonic() - before > wait + self._pace.held_up:
            raise LookAtEverything
        batch: set[str] = set()
        end = self._clock.monotonic() + self._pace.debounce
        while something:
            paths, appeared = watched.read()
            batch |= paths
            for directory in appeared:
                await asyncio.to_thread(watched.watch_below, directory)
            something = self._clock.monotonic() < end and await _readable(
                watched.fileno(), self._pace.step
            )
        return batch

    def _as_told(self, paths: set[str], real: str) -> Collection[Path] | None:
        """Return what to tell of paths below the root's path without links."""
        if len(paths) > MANY:
            return None
        return [self.root / path[len(real) :].lstrip("/") for path in paths]

    async def _watch_by_library(self, changed: Changed, identity: Identity) -> None:
        """Follow watchfiles, which watches the tree by itself as its directories come and go."""
        real = self._real_root()
        stop = threading.Event()
        batches = library_batches(real, self._pace, stop)
        first = True
        try:
            while (paths := await asyncio.to_thread(next, batches, None)) is not None:
                if self._identity() != identity:
                    return
                # Only the first answer, be it empty, shows that the watches are there.
                if first:
                    self._degraded, first = None, False
                    self.armed.set()
                    await changed(None)
                elif paths:
                    await changed(self._as_told(paths, real))
        except (OSError, RuntimeError) as error:
            # A limit of the system; WatchfilesRustInternalError is a RuntimeError.
            self._degraded = _limit_text(error)
            await self._poll(changed, self._pace.retry)
        finally:
            self.armed.clear()
            stop.set()

    async def _poll(self, changed: Changed, seconds: float | None) -> None:
        """Ask for a scan of everything again and again; None: for ever."""
        began = self._clock.monotonic()
        poll = Poll(self._clock, self._pace.poll)
        while seconds is None or self._clock.monotonic() - began < seconds:
            await poll.look(changed)
            await asyncio.sleep(poll.due_in)

    def _real_root(self) -> str:
        return os.path.realpath(self.root)

    def _identity(self) -> Identity | None:
        """Return what tells the root from another directory in its place; None without one."""
        try:
            status = self.root.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino


def library_batches(root: str, pace: Pace, stop: threading.Event) -> Iterator[set[str]]:
    """Give batches of changed paths by watchfiles, empty ones while nothing happens."""
    import watchfiles  # 7 MB that Linux does without

    for changes in watchfiles.watch(
        root,
        watch_filter=None,
        debounce=int(pace.debounce * 1000),
        step=max(int(pace.step * 1000), 20),
        rust_timeout=250,
        yield_on_timeout=True,
        recursive=True,
        raise_interrupt=False,
        stop_event=stop,
    ):
        named = {path for _, path in changes}
        yield {p for p in named if not is_ignored_path(Path(p).relative_to(root).parts)}


async def _readable(descriptor: int, seconds: float) -> bool:
    """Wait until a descriptor is readable, at most so long."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, _resolve, ready)
    try:
        await asyncio.wait_for(ready, seconds)
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True


def _resolve(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _mountinfo() -> str:
    """Return what is mounted, nothing where that cannot be known."""
    try:
        return Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return ""


def _limit_text(error: BaseException) -> str:
    advice = "Raise fs.inotify.max_user_watches and fs.inotify.max_user_instances by sysctl"
    if isinstance(error, OSError) and error.filename is not None:
        advice = "Mend that directory, or raise the limit of open files (ulimit -n)"
    return (
        f"not all directories can be watched ({error}): changes are found by scans every few "
        f"seconds. {advice}"
    )
