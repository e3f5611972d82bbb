"""Completion by real processes, and what becomes of those that hang, crash or grow."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from engine.companion import Companion
from engine.editing import completers
from engine.editing.completers import Completers, start_completer
from engine.editing.question import Question
from engine.errors import CommandFailed, InvalidInput, Unavailable

NESTED = "-" * 20_000 + "x."
"""Takes jedi most of a minute."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("jedi")


class Bench:
    """Completers over real processes, which it notes."""

    def __init__(self, directory: Path, start, **options) -> None:
        self.directory = directory
        self.started: list = []

        def started():
            helper = start()
            self.started.append(helper)
            return helper

        self.completers = Completers(started, **options)

    def question(self, text: str, **about) -> Question:
        lines = text.split("\n")
        return Question(
            **{
                "text": text,
                "line": len(lines),
                "column": len(lines[-1]) + 1,
                "path": str(self.directory / "load.py"),
                "directory": str(self.directory),
                "packages": (),
                "version": "3.11.2",
            }
            | about
        )

    async def labels(self, text: str, *, asker: object = "ada", **about) -> list[str]:
        found = await self.completers.complete(self.question(text, **about), asker=asker)
        return [item.label for item in found.items]


@pytest.fixture
def play(tmp_path, cache):
    """Run a scenario with completers that are closed after it."""

    @asynccontextmanager
    async def bench(start, options):
        made = Bench(tmp_path, start, **{"seconds": 20.0, "patience": 30.0} | options)
        try:
            yield made
        finally:
            await made.completers.close()

    def run(scenario, start=lambda: start_completer(cache), **options):
        async def whole():
            async with bench(start, options) as made:
                return await scenario(made)

        return asyncio.run(whole())

    return run


def test_the_library_of_python_is_completed(play):
    assert "dumps" in play(lambda bench: bench.labels("import json\njson.du"))


def test_modules_of_the_script_are_completed(play, tmp_path):
    (tmp_path / "prices.py").write_text("def of(city): ...\n")

    assert "of" in play(lambda bench: bench.labels("import prices; prices."))


def test_packages_of_the_environment_are_completed_and_ours_are_not(play, tmp_path):
    packages = tmp_path / "site-packages"
    (packages / "alpha").mkdir(parents=True)
    (packages / "alpha" / "__init__.py").write_text("class Beta: ...\n")

    async def scenario(bench):
        theirs = await bench.labels("import alpha; alpha.", packages=(str(packages),))
        return "Beta" in theirs, await bench.labels("import fastapi; fastapi.")

    assert play(scenario) == (True, [])


def test_a_completion_says_what_to_replace(play):
    async def scenario(bench):
        return await bench.completers.complete(
            bench.question("def f(parameter=1): ...\nf(para"), asker="ada"
        )

    (item,) = play(scenario).items

    assert (item.label, item.insert, item.replaces, item.kind) == (
        "parameter=",
        "parameter=",
        4,
        "param",
    )


def test_columns_are_characters(play):
    assert "upper" in play(lambda bench: bench.labels("x = '😀ä'\n\t\n'ü😀'.upp", line=3, column=9))


def test_a_byte_order_mark_is_a_character(play):
    assert play(lambda bench: bench.labels("\ufeffimport json; json.dum")) == ["dump", "dumps"]


@pytest.mark.parametrize("at", [(3, 1), (1, 13), (10**6, 10**6)])
def test_a_place_outside_the_text_is_refused(play, at):
    async def scenario(bench):
        with pytest.raises(InvalidInput, match="is not in the text"):
            await bench.labels("import json\n", line=at[0], column=at[1])
        # The process is as good as before.
        await bench.labels("import json; json.")
        return len(bench.started)

    assert play(scenario) == 1


def test_nothing_of_a_script_or_its_packages_is_run(play, tmp_path):
    mark = tmp_path / "mark"
    touch = f"open({str(mark)!r}, 'w').close()\n"
    packages = tmp_path / "site-packages"
    (packages / "alpha").mkdir(parents=True)
    (packages / "alpha" / "__init__.py").write_text(f"{touch}from alpha import speed\n")
    # What looks like an extension module would have to be imported to be looked into.
    suffix = f".cpython-{sys.version_info.major}{sys.version_info.minor}-x86_64-linux-gnu.so"
    (packages / "alpha" / f"speed{suffix}").write_bytes(b"\x7fELF")
    (packages / f"gi{suffix}").write_bytes(b"\x7fELF")
    (packages / "later.pth").write_text(f"import os; {touch}")
    (tmp_path / "sitecustomize.py").write_text(touch)
    (tmp_path / "json.py").write_text(f"{touch}def ours(): ...\n")

    async def scenario(bench):
        asked = ("import alpha.speed; alpha.speed.", "import alpha; alpha.", "import gi; gi.")
        for text in asked:
            await bench.labels(text, packages=(str(packages),))
        return await bench.labels(f"{touch}import json; json.our")

    assert (play(scenario), mark.exists()) == (["ours"], False)


@pytest.mark.parametrize(
    "text",
    [
        "import sys; sys.path.insert(0, {elsewhere!r})\nimport hidden; hidden.",
        "open('{elsewhere}/hid",
    ],
)
def test_a_text_does_not_choose_what_is_read(play, tmp_path_factory, text):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "hidden.py").write_text("value = 1\n")

    assert play(lambda bench: bench.labels(text.format(elsewhere=str(elsewhere)))) == []


def test_one_process_answers_one_after_the_other(play):
    async def scenario(bench):
        for _ in range(3):
            await bench.labels("import json; json.")
        return len(bench.started)

    assert play(scenario) == 1


def test_a_hundred_who_ask_at_once_get_two_processes_and_the_newest_answers(play):
    async def scenario(bench):
        asked = [bench.labels("import json; json.", asker=n % 4) for n in range(100)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        answered = [one for one in answers if isinstance(one, list)]
        return len(bench.started), len(answered), answers[-4:] == [answered[0]] * 4

    assert play(scenario) == (2, 6, True)


def ends(bench):
    """Return what the bench's processes are, once they had time to end."""
    return [psutil.pid_exists(helper.pid) for helper in bench.started]


def test_a_text_that_takes_for_ever_ends_its_process_and_the_next_is_answered(play):
    async def scenario(bench):
        with pytest.raises(Unavailable, match="no answer in 1 s"):
            await bench.labels(NESTED)
        return ends(bench), "dumps" in await bench.labels("import json; json.")

    assert play(scenario, seconds=1.0) == ([False], True)


def test_nobody_waits_longer_than_is_of_use(play):
    async def scenario(bench):
        await bench.labels("import json; json.")
        with pytest.raises(Unavailable, match="ask again in a moment"):
            await bench.labels(NESTED)
        # The process is still at work, for the sake of the next question.
        return ends(bench)

    assert play(scenario, patience=5.0) == [True]


def test_who_gives_up_waiting_for_a_turn_gets_none(play):
    async def scenario(bench):
        await bench.labels("import json; json.")
        work = [asyncio.create_task(bench.labels(NESTED, asker=n)) for n in range(3)]
        await asyncio.gather(*work, return_exceptions=True)
        return len(bench.started)

    assert play(scenario, patience=5.0, at_once=1) == 1


def test_closing_does_not_wait_for_what_takes_for_ever(play):
    async def scenario(bench):
        await bench.labels("import json; json.")
        work = asyncio.create_task(bench.labels(NESTED))
        await asyncio.sleep(0.2)
        async with asyncio.timeout(5):
            await bench.completers.close()
        with pytest.raises(Unavailable):
            await work
        return ends(bench)

    assert play(scenario) == [False]


def test_a_process_that_is_killed_at_work_is_replaced(play):
    async def scenario(bench):
        await bench.labels("import json; json.")
        work = asyncio.create_task(bench.labels(NESTED))
        await asyncio.sleep(0.2)
        os.kill(bench.started[0].pid, signal.SIGKILL)
        with pytest.raises(Unavailable):
            await work
        return ends(bench), "dumps" in await bench.labels("import json; json.")

    assert play(scenario) == ([False], True)


def test_a_process_that_is_killed_while_idle_is_not_noticed(play):
    async def scenario(bench):
        await bench.labels("import json; json.")
        os.kill(bench.started[0].pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(bench.started[0].pid)], timeout=1)
        return "dumps" in await bench.labels("import json; json."), len(bench.started)

    assert play(scenario) == (True, 2)


def test_a_quiet_minute_ends_the_process(play):
    async def scenario(bench):
        await bench.labels("import json; json.")
        for _ in range(500):
            if not psutil.pid_exists(bench.started[0].pid):
                return True
            await asyncio.sleep(0.01)
        return False

    assert play(scenario, idle_seconds=0.05)


def test_closing_leaves_no_process_behind(play):
    async def scenario(bench):
        await bench.labels("import json; json.")
        return bench

    assert ends(play(scenario)) == [False]


def test_a_process_that_holds_too_much_is_not_asked_again(play, monkeypatch):
    monkeypatch.setattr(completers, "MEMORY", 1)

    async def scenario(bench):
        for _ in range(2):
            await bench.labels("import json; json.")
        return len(bench.started)

    assert play(scenario) == 2


HELLO = "print('{}', flush=True); "


@pytest.mark.parametrize(
    "program",
    [
        HELLO + "input(); print('no json')",
        HELLO + "input(); print('{\"items\": 1}')",
        HELLO + 'input(); print(\'{"items": [1], "note": null, "memory": 1}\')',
        HELLO + "input(); print('[' * 100000)",
        HELLO + "input(); print('x' * 2000000)",
        HELLO + "input()",
        HELLO,
        "raise SystemExit(1)",
    ],
)
def test_an_answer_that_is_none_is_a_failure_of_the_moment(play, tmp_path, program):
    def start():
        companion = Companion([sys.executable, "-c", program], cwd=tmp_path, env={})
        try:
            companion.ask(b"", seconds=10, longest=1000)
        except CommandFailed:
            companion.end()
            raise
        return companion

    async def scenario(bench):
        for _ in range(2):
            with pytest.raises(Unavailable, match="Try again"):
                await bench.labels("import json; json.")

    play(scenario, start)


def test_a_damaged_cache_is_made_anew(play, cache):
    async def scenario(bench):
        return "dumps" in await bench.labels("import json; json.")

    assert play(scenario)
    files = [path for path in cache.rglob("*.pkl") if path.is_file()]
    for path in files:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert (bool(files), play(scenario)) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n" * 150_000 + "x.",
        "class A(A): ...\n" * 500 + "A().",
        "from load import *\nfrom load import load\nload.load.load.",
    ],
)
def test_a_text_made_to_be_costly_ends_and_the_next_is_answered(play, text):
    async def scenario(bench):
        (bench.directory / "load.py").write_text(text)
        (outcome,) = await asyncio.gather(bench.labels(text), return_exceptions=True)
        assert isinstance(outcome, list | Unavailable)
        return await bench.labels("import json; json.dum")

    assert play(scenario, seconds=2.0) == ["dump", "dumps"]
