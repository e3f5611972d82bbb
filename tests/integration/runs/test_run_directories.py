import asyncio
import json
import os
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from engine.errors import InvalidInput, NotFound, Unavailable
from engine.model.environment import Environment
from engine.model.identity import EnvironmentKey, RunId
from engine.model.run import Run
from engine.model.script import Limits
from engine.ports import RunnerConnected, StartRefused, StartRequest
from engine.runner import frames, protocol
from engine.runner.frames import STDERR, STDOUT, Frame
from engine.runner.framewriter import FrameWriter
from engine.runs import finish as finish_module
from engine.runs.disk import Claim, DiskState, disk_state
from engine.runs.files import RunFiles
from engine.runs.finish import clear, discard, finish, to_archive, unfinished
from engine.runs.lines import tail
from engine.runs.output import Follower, read
from engine.runs.places import RunPlaces
from engine.runs.recover import Ended, Live, Lost, NotStarted, survey
from engine.runs.request import RequestBuilder
from engine.runs.samples import samples
from engine.runs.spares import Leaving
from engine.store.database import Database
from engine.store.output import SqliteOutputArchive
from tests.fakes.archive import FakeArchive
from tests.fakes.clock import FakeClock
from tests.fakes.launcher import FakeLauncher, wire_report
from tests.fakes.run_facts import NOON, a_report, a_run, a_script

RUN = RunId("20260501T120000-aa")
NOON_NS = int(NOON.timestamp()) * 10**9


@pytest.fixture
def places(tmp_path: Path) -> RunPlaces:
    return RunPlaces(tmp_path)


@pytest.fixture
def directory(places: RunPlaces) -> Path:
    path = places.run(RUN)
    path.mkdir(parents=True)
    return path


def write_frames(directory: Path, *written: Frame) -> None:
    with (directory / frames.segment_name(written[0].offset)).open("ab") as file:
        file.write(frames.pack(written))


def write_claim(directory: Path, **content: object) -> None:
    (directory / protocol.CLAIM_NAME).write_bytes(frames.claim_frame(content, NOON_NS))


def a_finished_run(directory: Path, samples: str = "") -> None:
    write_claim(directory, id=RUN, boot="b")
    (directory / protocol.EXIT_NAME).write_text(json.dumps(wire_report(a_report())))
    (directory / protocol.SAMPLES_NAME).write_text(samples)
    write_frames(directory, Frame(0, NOON_NS, STDOUT, b"hello\n"), Frame(6, 0, STDERR, b"oops\n"))


def a_run_of_one_segment(directory: Path) -> None:
    write_claim(directory, id=RUN, boot="b")
    write_frames(directory, Frame(0, NOON_NS, STDOUT, b"hello\n"))


# Places


def test_a_run_lies_in_the_month_of_its_request(places, tmp_path):
    assert places.run(RUN) == tmp_path / "runs" / "202605" / RUN
    assert places.payload(RUN) == tmp_path / "runs" / "202605" / RUN / "payload"


@pytest.mark.parametrize("text", ["", "../x", "20260501T120000-aa/../..", "20260501T120000-", "x"])
def test_what_is_no_run_id_has_no_place(places, text):
    with pytest.raises(NotFound, match="is no run id"):
        places.run(RunId(text))


def test_a_data_directory_must_be_absolute():
    with pytest.raises(ValueError, match="absolute"):
        RunPlaces(Path("data"))


# What a directory proves


def test_a_missing_directory_proves_nothing(places):
    assert disk_state(places.run(RUN)) == DiskState()


def test_a_claim_is_read(directory):
    write_claim(directory, id=RUN, boot="b")
    with (directory / protocol.CLAIM_NAME).open("ab") as file:
        file.write(frames.claim_frame({"pid": 7}, NOON_NS + 1))
        file.write(frames.pack([Frame(0, NOON_NS, STDOUT, b"hello")]))

    assert disk_state(directory) == DiskState(claim=Claim(at=NOON, boot="b", pid=7))


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\0", frames.claim_frame({}, 0)[:-1], frames.pack([Frame(0, 1, STDOUT, b"x")])],
)
def test_a_claim_that_cannot_be_read_is_still_a_claim(directory, content):
    (directory / protocol.CLAIM_NAME).write_bytes(content)

    assert disk_state(directory).claim == Claim(at=None)


def test_an_exit_report_is_read(directory):
    (directory / protocol.EXIT_NAME).write_text(json.dumps(wire_report(a_report(exit_code=3))))

    assert disk_state(directory).report == a_report(exit_code=3)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]"])
def test_an_exit_report_that_cannot_be_read_is_none(directory, content):
    (directory / protocol.EXIT_NAME).write_bytes(content)

    assert disk_state(directory).report is None


def test_a_disk_that_gives_nothing_out_is_said(directory):
    (directory / protocol.CLAIM_NAME).mkdir()

    assert disk_state(directory) == DiskState(damage="Is a directory")


def test_a_survey_asks_runner_and_disk(places):
    live, over, lost, fresh = (a_run(f"20260501T120000-0{n}") for n in range(4))
    for run in (over, lost):
        places.run(run.id).mkdir(parents=True)
    content = json.dumps(wire_report(a_report(over.id)))
    (places.run(over.id) / protocol.EXIT_NAME).write_text(content)
    write_claim(places.run(lost.id), pid=1)
    connected = RunnerConnected(live={live.id: NOON}, ended=[])

    assert survey([live, over, lost, fresh], connected, places) == [
        Live(id=live.id, started_at=NOON),
        Ended(report=a_report(over.id)),
        Lost(id=lost.id, reason="the runner died under it"),
        NotStarted(id=fresh.id),
    ]


# Requests


def an_environment(interpreter: Path) -> Environment:
    key = EnvironmentKey("k")
    return Environment(key=key, interpreter=str(interpreter), python="3.12.1", lock="l")


def build(tmp_path: Path, **facts):
    builder = RequestBuilder(places=RunPlaces(tmp_path), server_env={"PATH": "/usr/bin"})
    script = a_script(args=("--all",), limits=Limits(memory=5), merge_output=True, **facts)
    environment = an_environment(tmp_path / "envs" / "k" / "bin" / "python")
    return builder.build(a_run(args=("--city", "Ulm")), script, environment, tmp_path / "tree")


def test_a_request_starts_the_main_file_with_all_arguments(tmp_path):
    request = build(tmp_path)

    assert request.argv == (
        f"{tmp_path}/envs/k/bin/python",
        f"{tmp_path}/tree/load.py",
        "--all",
        "--city",
        "Ulm",
    )
    assert request.cwd == tmp_path / "tree"


def test_a_request_carries_the_scripts_rules(tmp_path):
    request = build(tmp_path)

    assert (request.limits, request.stop_grace, request.merge_output) == (
        Limits(memory=5),
        10.0,
        True,
    )
    assert request.directory == RunPlaces(tmp_path).run(RUN)


def test_the_state_directory_is_there_before_the_run(tmp_path):
    state = Path(build(tmp_path).env["PYSCHED_STATE_DIR"])

    assert state == tmp_path / "state" / "etl" / "load"
    assert state.is_dir()


def test_a_virtual_environment_is_recognised_by_its_file(tmp_path):
    assert "VIRTUAL_ENV" not in build(tmp_path).env

    (tmp_path / "envs" / "k").mkdir(parents=True)
    (tmp_path / "envs" / "k" / "pyvenv.cfg").touch()

    assert build(tmp_path).env["VIRTUAL_ENV"] == f"{tmp_path}/envs/k"


def test_a_request_with_an_unknown_secret_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="no secret named 'T'"):
        build(tmp_path, env=(("TOKEN", "${secret:T}"),))


def test_a_request_that_no_process_could_take_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="a process takes 1000000 at most"):
        build(tmp_path, env=(("BIG", "x" * 1_000_000),))


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ((("A", "nul\0"),), "holds a NUL"),
        ((("A", "\ud800"),), "half a surrogate pair"),
        ((("A=B", "1"),), "no environment variable's name"),
        ((("", "1"),), "no environment variable's name"),
    ],
)
def test_a_request_with_text_that_no_process_takes_is_refused(tmp_path, env, message):
    with pytest.raises(InvalidInput, match=message):
        build(tmp_path, env=env)


def test_bytes_that_are_no_unicode_may_be_handed_on(tmp_path):
    assert build(tmp_path, env=(("A", "\udc80"),)).env["A"] == "\udc80"


def test_a_disk_that_takes_no_state_directory_is_told(tmp_path):
    (tmp_path / "state").touch()

    with pytest.raises(Unavailable, match="cannot create the script's state directory"):
        build(tmp_path)


def test_modules_beside_the_main_file_can_be_imported(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "load.py").write_text("import sibling; print(sibling.NAME)")
    (tmp_path / "tree" / "sibling.py").write_text("NAME = 'found'")
    request = build(tmp_path)

    assert run_here((sys.executable, *request.argv[1:]), request) == "found\n"


def run_here(argv, request) -> str:
    async def whole() -> bytes:
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=request.cwd, env=dict(request.env), stdout=asyncio.subprocess.PIPE
        )
        return (await process.communicate())[0]

    return asyncio.run(whole()).decode()


# Output on disk


def test_a_live_run_is_read_from_its_directory(directory):
    write_frames(directory, Frame(0, 0, STDOUT, b"one\n"))

    assert read(directory) == (b"one\n", 4, False)


def test_a_run_without_output_reads_as_nothing(places):
    assert read(places.run(RUN)) == (b"", 0, False)


def test_a_follower_returns_only_what_is_new(directory):
    follower = Follower(directory)
    write_frames(directory, Frame(0, 0, STDOUT, b"one\n"))
    first = follower.read()
    write_frames(directory, Frame(4, 0, STDERR, b"two\n"))
    second = follower.read()

    assert [chunk.data for chunk in first + second + follower.read()] == [b"one\n", b"two\n"]
    assert follower.offset == 8
    follower.close()


def test_samples_are_read_without_the_torn_last_line(directory):
    text = f"{NOON_NS} 10 2000 1\nrubbish\n{NOON_NS} 20 3000 2\n{NOON_NS} 30 4000 1"
    (directory / protocol.SAMPLES_NAME).write_text(text)

    assert samples(directory) == [(NOON, 10, 2000, 1), (NOON, 20, 3000, 2)]


def test_a_run_that_was_too_short_has_no_samples(directory):
    assert samples(directory) == []


# Finishing


class Overwriting(FakeArchive):
    """Keeps the last and not the first, so that archiving a run in part would show."""

    async def keep(self, run_id: RunId, frames: bytes, text: str) -> None:
        self.kept[run_id] = frames


def finished(directory: Path, archive: FakeArchive) -> None:
    asyncio.run(finish(RUN, directory, archive))


def test_a_finished_run_reads_the_same_from_the_archive(directory):
    a_finished_run(directory)
    before, archive = read(directory), FakeArchive()

    finished(directory, archive)

    assert read(archive.kept[RUN]) == before
    assert archive.texts[RUN] == "hello\n\noops\n"


def test_nothing_stays_of_a_finished_run_that_left_nothing_worth_it(directory):
    a_finished_run(directory, samples=f"{NOON_NS} 1 1 1\n")
    (directory / "scratch").mkdir()

    finished(directory, FakeArchive())

    assert not directory.exists()


def test_curve_and_payload_stay(directory):
    a_finished_run(directory, samples=f"{NOON_NS} 1 1 1\n" * 2)
    (directory / "payload").write_text("body")

    finished(directory, FakeArchive())

    assert sorted(path.name for path in directory.iterdir()) == ["payload", "samples"]


def test_finishing_again_changes_nothing(directory):
    a_finished_run(directory)
    archive = FakeArchive()

    finished(directory, archive)
    kept = dict(archive.kept)
    finished(directory, archive)

    assert archive.kept == kept


def test_a_half_cleared_directory_does_not_spoil_the_archive(directory):
    a_finished_run(directory)
    write_frames(directory, Frame(11, 0, STDOUT, b"more\n"))
    (directory / protocol.CLAIM_NAME).unlink()
    archive = Overwriting()
    archive.kept[RUN] = b"whole"

    finished(directory, archive)

    assert archive.kept[RUN] == b"whole"
    assert not directory.exists()


@pytest.mark.parametrize("step", range(1, 5))
def test_a_crash_at_any_step_of_clearing_loses_no_output(directory, monkeypatch, step):
    a_finished_run(directory)
    write_frames(directory, Frame(11, 0, STDOUT, b"more\n"))
    before, archive, steps = read(directory), Overwriting(), count(1)
    unlink, listed = Path.unlink, Path.iterdir

    def crash(path: Path, missing_ok: bool = False) -> None:
        if next(steps) == step:
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", crash)
        patch.setattr(Path, "iterdir", lambda path: sorted(listed(path), reverse=True))
        with pytest.raises(KeyboardInterrupt):
            clear_as_finish_does(directory, archive)
    finished(directory, archive)

    assert read(archive.kept[RUN]) == before
    assert not directory.exists()


def clear_as_finish_does(directory: Path, archive: FakeArchive) -> None:
    """Take the steps of `finish` on this thread, where a crash can be played."""
    found = to_archive(directory)
    asyncio.run(archive.keep(RUN, found.packed, found.text))
    clear(directory, Leaving())


@pytest.mark.parametrize("step", range(1, 4))
def test_a_crash_at_any_step_of_leaving_a_directory_loses_no_output(directory, monkeypatch, step):
    a_run_of_one_segment(directory)
    before, archive, steps = read(directory), Overwriting(), count(1)
    rename, truncate = Path.rename, os.truncate

    def or_crash(do: Callable[..., object]) -> Callable[..., object]:
        def step_or_crash(*arguments: object) -> object:
            if next(steps) == step:
                raise KeyboardInterrupt
            return do(*arguments)

        return step_or_crash

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", or_crash(rename))
        patch.setattr(os, "truncate", or_crash(truncate))
        with pytest.raises(KeyboardInterrupt):
            clear_as_finish_does(directory, archive)
    finished(directory, archive)

    assert read(archive.kept[RUN]) == before
    assert not directory.exists()


def test_an_archive_that_fails_costs_nothing(directory):
    class Full(FakeArchive):
        async def keep(self, run_id, frames, text):
            raise Unavailable("disk full")

    a_finished_run(directory)

    with pytest.raises(Unavailable):
        finished(directory, Full())

    assert read(directory).data == b"hello\noops\n"
    assert disk_state(directory).claim is not None


def test_a_disk_that_refuses_is_told_with_the_place(directory, monkeypatch):
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(30, "Read-only file system")

    a_finished_run(directory)
    monkeypatch.setattr(Path, "unlink", refuse)

    with pytest.raises(Unavailable, match=f"{RUN}: .* cannot be cleared: Read-only file system"):
        finished(directory, FakeArchive())


def test_a_run_that_never_had_a_directory_is_finished_at_once(places):
    archive = FakeArchive()

    finished(places.run(RUN), archive)

    assert archive.kept == {}


def test_a_huge_output_stays_in_its_files(directory, monkeypatch):
    monkeypatch.setattr(finish_module, "LARGEST_ARCHIVED", 10)
    a_finished_run(directory)
    archive = FakeArchive()

    finished(directory, archive)

    assert archive.kept == {}
    assert read(directory).data == b"hello\noops\n"
    assert [path.name for path in directory.iterdir()] == [protocol.CLAIM_NAME]


def test_a_large_output_is_archived_in_pieces_and_reads_the_same(directory, monkeypatch):
    monkeypatch.setattr(finish_module, "LARGEST_HELD", 10)
    a_finished_run(directory)
    archive = FakeArchive()

    finished(directory, archive)

    assert read(archive.kept[RUN]).data == b"hello\noops\n"
    assert archive.texts[RUN] == "hello\n\noops\n"
    assert not directory.exists()


def test_archiving_takes_no_memory_for_all_of_a_large_output(places, directory, tmp_path):
    write_claim(directory, id=RUN, boot="b")
    writer = FrameWriter(directory)
    for number in range(3_000):
        writer.write(number, STDOUT, memoryview(b"a line of output %9d\n" % number * 200))
    writer.close()
    database = Database(tmp_path / "logs.db")
    archive = SqliteOutputArchive(database, tmp_path / "archive")
    tracemalloc.start()
    try:
        asyncio.run(finish(RUN, directory, archive))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    packed = archive.frames(RUN)
    database.close()

    assert writer.total > 16_000_000
    assert most < 8_000_000
    assert packed is not None
    assert read(packed, limit=20_000_000).next_offset == writer.total


def test_directories_that_a_crash_left_are_found(places, directory):
    a_finished_run(directory)
    other = places.run(RunId("20260601T120000-bb"))
    other.mkdir(parents=True)
    (other / "payload").touch()

    assert unfinished(places) == [RUN]


def test_what_is_no_run_directory_is_left_alone(places, directory):
    (directory.parent / "notes").mkdir()
    (directory.parent / "notes" / "a.txt").touch()
    (directory.parent / "20260501T120000-bb").touch()

    assert unfinished(places) == []


def test_a_server_that_never_ran_anything_has_nothing_left(places):
    assert unfinished(places) == []


def test_retention_removes_all_there_is(directory):
    a_finished_run(directory)

    discard(directory)
    discard(directory)

    assert not directory.exists()


def run_files(places: RunPlaces, archive: FakeArchive) -> RunFiles:
    requests = RequestBuilder(places=places, server_env={})
    return RunFiles(places=places, requests=requests, outputs=archive)


def test_archiving_and_discarding_go_by_the_runs_id(places, directory):
    a_finished_run(directory, samples=f"{NOON_NS} 1 1 1\n" * 2)
    archive = FakeArchive()
    files = run_files(places, archive)

    async def whole() -> tuple[list[RunId], list[RunId]]:
        before = await files.unarchived()
        await files.archive(RUN)
        return before, await files.unarchived()

    assert asyncio.run(whole()) == ([RUN], [])
    assert len(files.samples(RUN)) == 2
    asyncio.run(files.discard([RUN]))
    assert files.samples(RUN) == []


def test_output_is_found_wherever_it_is(places, directory):
    a_finished_run(directory)
    archive = FakeArchive()
    files = run_files(places, archive)
    last = partial(tail, count=1)

    before = files.look(RUN, last)
    finished(directory, archive)

    assert files.look(RUN, last) == before


def test_a_run_that_is_archived_under_the_reader_is_read_again(places, directory):
    a_finished_run(directory)
    archive = FakeArchive()
    looks = []

    def reader(source):
        if not looks:
            finished(directory, archive)
        looks.append(source)
        return read(source).data

    assert run_files(places, archive).look(RUN, reader) == b"hello\noops\n"


# The whole way, over a runner that dies


def test_what_a_dead_runner_left_is_told_apart(places, tmp_path):
    launcher = FakeLauncher(FakeClock(), writes_files=True)
    over, lost, fresh = (a_run(f"20260501T120000-0{n}") for n in range(3))
    for run in (over, lost):
        launcher.start(a_request(run, places, tmp_path))
    launcher.deliver()
    report = launcher.finish(over.id, exit_code=2)
    launcher.crash()
    heard: list[RunnerConnected] = []
    launcher.subscribe(lambda event: heard.append(cast("RunnerConnected", event)))
    launcher.reconnect()
    files = run_files(places, FakeArchive())

    assert asyncio.run(files.survey([over, lost, fresh], heard[0])) == [
        Ended(report=report),
        Lost(id=lost.id, reason="the runner died under it"),
        NotStarted(id=fresh.id),
    ]


def test_a_claim_on_disk_refuses_a_start_by_another_runner(places, tmp_path):
    request = a_request(a_run(), places, tmp_path)
    FakeLauncher(FakeClock(), writes_files=True).start(request)
    heard: list[object] = []
    second = FakeLauncher(FakeClock(), writes_files=True)
    second.subscribe(heard.append)

    second.start(request)
    second.deliver()

    assert heard == [StartRefused(id=request.id)]


def a_request(run: Run, places: RunPlaces, tmp_path: Path) -> StartRequest:
    environment = an_environment(tmp_path / "envs" / "k" / "bin" / "python")
    files = run_files(places, FakeArchive())
    return files.request(run, a_script(), environment, tmp_path / "tree")
