"""Which scripts a list shows."""

from functools import partial
from pathlib import Path

from engine.model.identity import ScriptId
from engine.ports import InForce
from engine.reconcile.state import State
from engine.schedule.jump import Wakefulness
from engine.service.reports import Reports, ScriptFilter
from engine.service.ungranted import Ungranted
from tests.fakes.clock import START
from tests.fakes.environments import FakeEnvironments
from tests.fakes.runs import FakeRunStore

NO_SECRETS = partial(Ungranted, Path("/tree"), tuple)


def shown(patterns: tuple[str, ...], limit: int) -> list[tuple[list[str], bool]]:
    """Return the ids of each page, and whether it says that more follows."""
    state = State(Wakefulness(START, 0.0))
    for name in ("etl/load", "etlx", "etl/deep/load", "web"):
        state.put(InForce(id=ScriptId(name), signature="", digest="", script=None))
    reports = Reports(state, FakeRunStore(), FakeEnvironments(), lambda: None, NO_SECRETS)
    page = reports.page(ScriptFilter(patterns=patterns), limit=limit, cursor=None, now=START)
    pages = [([one.id for one in page.items], page.next_cursor is not None)]
    while page.next_cursor:
        page = reports.page(
            ScriptFilter(patterns=patterns), limit=limit, cursor=page.next_cursor, now=START
        )
        pages.append(([one.id for one in page.items], page.next_cursor is not None))
    return pages


def test_a_list_is_held_to_the_patterns_of_a_key():
    assert shown(("etl/*",), 10) == [(["etl/deep/load", "etl/load"], False)]


def test_what_a_key_is_not_for_does_not_make_pages_short():
    assert shown(("etl/*",), 1) == [(["etl/deep/load"], True), (["etl/load"], False)]
