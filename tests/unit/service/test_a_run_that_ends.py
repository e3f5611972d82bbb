"""Until the end of a run is on record, it goes on for whoever asks."""

from types import SimpleNamespace
from typing import cast

from engine.model.run import RunStatus
from engine.ports import Page, RunFilter
from engine.reconcile.active import ActiveRuns
from engine.service.bus import Bus
from engine.service.compose import Composition
from engine.service.engine import Engine
from tests.fakes.engine import a_run

GOING = a_run("r1", status=RunStatus.RUNNING, finished_at=None)
ROW = a_run("r1", status=RunStatus.QUEUED, finished_at=None)


def an_engine() -> Engine:
    state = SimpleNamespace(active=ActiveRuns(), ending={GOING.id: GOING})
    runs = SimpleNamespace(
        run=lambda _: ROW, page=lambda _which, **_page: Page(items=[ROW], next_cursor=None)
    )
    return Engine(cast("Composition", SimpleNamespace(bus=Bus(), state=state, runs=runs)))


def test_it_is_not_shown_as_its_older_row():
    assert an_engine().run("r1") is GOING


def test_nor_is_it_in_a_list():
    assert list(an_engine().runs(RunFilter(), limit=1).items) == [GOING]
