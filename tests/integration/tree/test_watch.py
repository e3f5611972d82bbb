import asyncio
import errno
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest

from engine.tree import survey, watch, watched
from engine.tree.pace import Pace
from engine.tree.watch import MANY, TreeWatcher
from tests.fakes.disk import Disk, WallClock

QUICK = Pace(check=0.2, poll=0.2, retry=1.0)


class Heard:
    """What a watcher told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths: set[str] = set()
        self.everything = 0
        self._news = asyncio.Event()

    async def changed(self, paths: Collection[Path] | None) -> None:
        if paths is None:
            self.everything += 1
        else:
            self.paths |= {path.relative_to(self.root).as_posix() for path in paths}
        self._news.set()

    async def until(self, wanted: Callable[[], bool], seconds: float = 5.0) -> float:
        """Wait until something was told; returns how long that took."""
        began = monotonic()
        async with asyncio.timeout(seconds):
            while not wanted():
                self._news.clear()
                await self._news.wait()
        return monotonic() - began

    async def path(self, path: str) -> None:
        await self.until(lambda: path in self.paths)

    def forget(self) -> None:
        self.paths.clear()
        self.everything = 0


@asynccontextmanager
async def watching(watcher: TreeWatcher) -> AsyncIterator[Heard]:
    heard = Heard(watcher.root)
    task = asyncio.create_task(watcher.watch(heard.changed))
    try:
        async with asyncio.timeout(5):
            await watcher.armed.wait()
        await heard.until(lambda: heard.everything > 0)
        heard.forget()
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path / "scripts")
    disk.script("a")
    disk.script("etl/b")
    return disk


@pytest.fixture(params=[True, False], ids=["inotify", "watchfiles"])
def native(request: pytest.FixtureRequest) -> bool:
    return request.param


def run(
    disk: Disk, scene: Callable[[Heard], Awaitable[None]], *, native: bool = True, **more: object
) -> TreeWatcher:
    watcher = TreeWatcher(disk.root, WallClock(), native=native, pace=QUICK, **more)  # pyright: ignore[reportArgumentType]
    play_with(watcher, scene)
    return watcher


def play_with(watcher: TreeWatcher, scene: Callable[[Heard], Awaitable[None]]) -> None:
    async def play() -> None:
        async with watching(watcher) as heard:
            await scene(heard)

    asyncio.run(play())


@pytest.mark.parametrize("where", ["ext4", "nfs4"])
def test_events_are_trusted_on_file_systems_of_this_machine_alone(
    where: str, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = f"26 1 254:0 / / rw - ext4 /dev/vda rw\n27 26 0:40 / {disk.root} rw - {where} x rw\n"
    monkeypatch.setattr(watch, "_mountinfo", lambda: mounts)

    assert trusted(disk, native=True) == [False, where == "ext4", False]


def test_events_of_watchfiles_are_not_trusted(disk: Disk) -> None:
    assert trusted(disk, native=False) == [False, False, False]


def listing_fails(monkeypatch: pytest.MonkeyPatch, directory: Path, reason: int) -> None:
    def list_directory(path: str) -> survey.Listing:
        if path == str(directory.resolve()):
            raise OSError(reason, os.strerror(reason), path)
        return survey.list_directory(path)

    monkeypatch.setattr(watched, "list_directory", list_directory)


@pytest.mark.parametrize("reason", [errno.EMFILE, errno.ENFILE, errno.EIO])
def test_events_are_not_trusted_while_what_is_below_a_directory_is_not_watched(
    reason: int, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing_fails(monkeypatch, disk.root / "etl", reason)

    async def scene(_: Heard) -> None:
        told.append((watcher.trusted, os.strerror(reason) in (watcher.degraded or "")))

    told: list[tuple[bool, bool]] = []
    watcher = TreeWatcher(disk.root, WallClock(), native=True, pace=QUICK)
    play_with(watcher, scene)

    assert told == [(False, True)]


def test_events_are_trusted_with_a_directory_that_only_its_owner_may_read(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_mountinfo", lambda: "26 1 254:0 / / rw - ext4 /dev/vda rw\n")
    listing_fails(monkeypatch, disk.root / "etl", errno.EACCES)

    assert trusted(disk, native=True) == [False, True, False]


def test_events_are_not_trusted_while_the_root_may_not_be_read(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_mountinfo", lambda: "26 1 254:0 / / rw - ext4 /dev/vda rw\n")
    listing_fails(monkeypatch, disk.root, errno.EACCES)

    assert trusted(disk, native=True) == [False, False, False]


def test_a_root_whose_permissions_changed_is_told_as_look_at_everything(disk: Disk) -> None:
    async def scene(heard: Heard) -> None:
        disk.root.chmod(0o750)
        await heard.until(lambda: heard.everything > 0)

    run(disk, scene)


def trusted(disk: Disk, *, native: bool) -> list[bool]:
    """Return whether events are trusted before, while and after they are watched for."""
    watcher = TreeWatcher(disk.root, WallClock(), native=native, pace=QUICK)
    found = [watcher.trusted]

    async def play() -> None:
        async with watching(watcher):
            found.append(watcher.trusted)

    asyncio.run(play())
    return [*found, watcher.trusted]


@pytest.mark.parametrize("save", ["write", "rename_save", "vim_save"])
def test_a_saved_file_is_told_however_it_was_saved(save: str, disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        getattr(disk, save)("a/script.yaml", "a=2")
        await heard.path("a/script.yaml")

    run(disk, scene, native=native)


def test_a_copied_directory_is_told(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        disk.copy("a", "c")
        await heard.path("c")

    run(disk, scene, native=native)


def test_a_removed_directory_is_told(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        disk.remove("a")
        await heard.path("a")

    run(disk, scene, native=native)


def test_a_moved_directory_is_told_by_both_names(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        disk.move("etl", "moved")
        await heard.path("etl")
        await heard.path("moved")

    run(disk, scene, native=native)


def test_a_write_in_a_moved_directory_is_told_by_its_new_name(disk: Disk) -> None:
    async def scene(heard: Heard) -> None:
        disk.move("etl", "moved")
        await heard.path("moved")
        heard.forget()
        disk.write("moved/b/main.py", "x")
        await heard.path("moved/b/main.py")
        assert heard.paths == {"moved/b/main.py"}

    run(disk, scene)


def test_a_write_in_a_new_nested_directory_is_told(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        disk.script("new/deep/er/c")
        await heard.path("new")
        await asyncio.sleep(0.1)
        heard.forget()
        disk.write("new/deep/er/c/main.py", "x")
        await heard.path("new/deep/er/c/main.py")

    run(disk, scene, native=native)


def test_a_directory_that_was_made_again_is_watched_again(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        disk.remove("a")
        disk.script("a")
        await heard.path("a")
        await asyncio.sleep(0.1)
        heard.forget()
        disk.write("a/main.py", "x")
        await heard.path("a/main.py")

    run(disk, scene, native=native)


def test_a_git_checkout_is_told(disk: Disk, native: bool) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=disk.root, check=True)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    disk.write("a/script.yaml", "a=2")
    disk.script("c")
    git("add", ".")
    git("commit", "-q", "-m", "two")

    async def scene(heard: Heard) -> None:
        await asyncio.to_thread(git, "checkout", "-q", "HEAD~1")
        await heard.path("a/script.yaml")
        await heard.path("c")
        assert not any(path.startswith(".git") for path in heard.paths)

    run(disk, scene, native=native)


def test_ignored_names_wake_nobody(disk: Disk, native: bool) -> None:
    (disk.root / "a" / ".venv").mkdir()

    async def scene(heard: Heard) -> None:
        disk.write("a/.venv/lib/x.py", "")
        disk.write("a/__pycache__/main.pyc", "")
        disk.write("a/.main.py.swp", "")
        disk.write("a/main.py", "x")
        await heard.path("a/main.py")
        await asyncio.sleep(0.1)
        assert heard.paths == {"a/main.py"}

    run(disk, scene, native=native)


def test_a_linked_environment_is_not_watched(disk: Disk, tmp_path: Path) -> None:
    environment = Disk(tmp_path / "environment")
    (disk.root / "a" / ".venv").symlink_to(environment.root)
    (disk.root / "linked").symlink_to(environment.root)

    async def scene(heard: Heard) -> None:
        environment.write("x.py", "")
        disk.write("a/main.py", "x")
        await heard.path("a/main.py")
        assert heard.paths == {"a/main.py"}

    run(disk, scene)


def test_a_change_is_told_within_100_ms(disk: Disk) -> None:
    took: list[float] = []

    async def scene(heard: Heard) -> None:
        for number in range(5):
            heard.forget()
            disk.write("a/script.yaml", f"a={number}")
            took.append(await heard.until(lambda: bool(heard.paths)))

    run(disk, scene)

    assert min(took) < 0.1


def test_a_burst_is_told_as_look_at_everything(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        for number in range(2 * MANY):
            (disk.root / "a" / f"data{number}.txt").touch()
        await heard.until(lambda: heard.everything > 0)

    run(disk, scene, native=native)


def test_a_root_that_was_replaced_is_watched_anew(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        disk.move(".", "../aside")
        Disk(disk.root).script("z")
        await heard.until(lambda: heard.everything > 0)
        heard.forget()
        await asyncio.sleep(0.5)
        disk.write("z/main.py", "x")
        await heard.until(lambda: "z/main.py" in heard.paths)

    run(disk, scene, native=native)


def test_a_root_whose_parent_was_replaced_is_watched_anew(disk: Disk, native: bool) -> None:
    async def scene(heard: Heard) -> None:
        parent = disk.root.parent
        parent.rename(parent.with_name(f"{parent.name}-aside"))
        Disk(disk.root).script("z")
        await heard.until(lambda: heard.everything > 0)
        heard.forget()
        await asyncio.sleep(0.5)
        disk.write("z/main.py", "x")
        await heard.path("z/main.py")

    run(disk, scene, native=native)


def test_a_directory_that_left_the_tree_is_no_longer_watched(disk: Disk) -> None:
    async def scene(heard: Heard) -> None:
        disk.move("etl", "../outside")
        await heard.path("etl")
        heard.forget()
        disk.write("../outside/b/main.py", "x")
        disk.write("a/main.py", "x")
        await heard.path("a/main.py")
        assert heard.paths == {"a/main.py"}

    run(disk, scene)


def test_a_root_that_is_gone_is_waited_for(disk: Disk) -> None:
    texts: list[str | None] = []
    watcher = TreeWatcher(disk.root, WallClock(), pace=QUICK)

    async def play() -> None:
        async with watching(watcher) as heard:
            disk.remove(".")
            await heard.until(lambda: heard.everything > 0)
            texts.append(watcher.degraded)
            heard.forget()
            disk.script("a")
            await heard.until(lambda: heard.everything > 0)
            await watcher.armed.wait()
            texts.append(watcher.degraded)

    asyncio.run(play())

    assert ("is not there" in (texts[0] or ""), texts[1]) == (True, None)


def test_a_root_that_is_a_link_is_followed(disk: Disk, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(disk.root)

    async def scene(heard: Heard) -> None:
        disk.write("a/main.py", "x")
        await heard.path("a/main.py")

    watcher = TreeWatcher(link, WallClock(), pace=QUICK)

    async def play() -> None:
        async with watching(watcher) as heard:
            await scene(heard)

    asyncio.run(play())


def test_polling_asks_for_scans_and_says_so(disk: Disk) -> None:
    watcher = TreeWatcher(disk.root, WallClock(), polling=True, pace=QUICK)
    heard: list[object] = []

    async def play() -> None:
        async def changed(paths: Collection[Path] | None) -> None:
            heard.append(paths)

        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await watcher.watch(changed)

    asyncio.run(play())

    assert (len(heard) >= 2, "polling" in (watcher.degraded or "")) == (True, True)


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_a_cancelled_watcher_ends_at_once_and_leaves_no_descriptor(disk: Disk) -> None:
    before = open_descriptors()

    async def scene(heard: Heard) -> None:
        return

    began = monotonic()
    run(disk, scene)

    assert (open_descriptors() <= before, monotonic() - began < 2) == (True, True)


def in_a_process(code: str, *arguments: str, prefix: tuple[str, ...] = ()) -> str:
    command = [*prefix, sys.executable, "-c", textwrap.dedent(code), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


LIMITED = """
    import asyncio, errno, sys
    from pathlib import Path
    from engine.tree.pace import Pace
    from engine.tree.watch import TreeWatcher
    from tests.fakes.disk import Disk, WallClock

    setting, value, root, native = sys.argv[1:]

    def refuse(*arguments, **named):
        raise OSError(errno.ENOSPC, "OS file watch limit reached")

    try:
        Path(f"/proc/sys/user/{setting}").write_text(value)
    except OSError:
        # No user namespaces on this machine: refuse in the kernel's place.
        import watchfiles
        from engine.tree.inotify import Inotify
        watchfiles.watch = refuse
        Inotify.add = refuse
    disk = Disk(Path(root))
    watcher = TreeWatcher(
        disk.root, WallClock(), pace=Pace(poll=0.1, check=0.1), native=native == "True"
    )
    heard = []

    async def changed(paths):
        heard.append(paths)

    async def main():
        task = asyncio.create_task(watcher.watch(changed))
        await asyncio.sleep(0.3)
        for number in range(60):
            disk.script(f"late/s{number}")
        await asyncio.sleep(0.3)
        heard.clear()
        disk.write("late/s59/main.py", "x")
        await asyncio.sleep(0.3)
        task.cancel()
        print(None in heard, watcher.degraded)

    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("setting", "value", "native"),
    [
        ("max_inotify_watches", "20", "True"),
        ("max_inotify_watches", "2", "True"),
        ("max_inotify_instances", "0", "True"),
        ("max_inotify_watches", "2", "False"),
        ("max_inotify_instances", "0", "False"),
    ],
)
def test_where_a_limit_is_met_changes_are_polled_for_and_health_says_so(
    disk: Disk, setting: str, value: str, native: str
) -> None:
    own_limits = ("unshare", "-Ur")
    permitted = subprocess.run([*own_limits, "true"], capture_output=True, check=False)
    prefix = own_limits if permitted.returncode == 0 else ()
    output = in_a_process(LIMITED, setting, value, str(disk.root), native, prefix=prefix)

    assert output.startswith("True not all directories can be watched")


OVERFLOWED = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from engine.tree.pace import Pace
    from engine.tree.watch import TreeWatcher
    from tests.fakes.disk import WallClock

    watcher = TreeWatcher(Path(sys.argv[1]), WallClock(), pace=Pace(held_up=60))
    heard = []

    async def changed(paths):
        heard.append(paths)

    async def main():
        task = asyncio.create_task(watcher.watch(changed))
        await watcher.armed.wait()
        heard.clear()
        print("armed", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if None in heard:
                break
        task.cancel()
        print(None in heard)

    asyncio.run(main())
"""


def test_a_queue_that_overflowed_while_the_process_was_stopped_means_everything(
    disk: Disk,
) -> None:
    command = [sys.executable, "-c", textwrap.dedent(OVERFLOWED), str(disk.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "armed\n"
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        one, other = disk.root / "a" / "one", disk.root / "a" / "other"
        queue = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        for _ in range(queue // 2 + 10):
            # Two names in turn: the kernel merges equal events, and few paths are concerned.
            one.touch()
            other.touch()
        process.send_signal(signal.SIGCONT)

        assert process.stdout.read() == "True\n"
