"""The history by script over HTTP."""

import pytest

from engine.model.identity import ScriptId
from engine.model.run import RunStatus
from engine.ports import RunFilter
from tests.fakes.engine import a_run, a_script

RUN = "20261124T120000-abcdef123456"


def test_the_runs_of_one_script_are_listed(call, engine):
    engine.add(a_script("web"), a_run("20261124T130000-abcdef123456", script=ScriptId("web")))

    found = call("GET", "/api/logs/etl/load").json()

    assert ([run["id"] for run in found["items"]], found["next_cursor"]) == ([RUN], None)


def test_filters_hold_as_in_the_list_of_all_runs(call, engine):
    call("GET", "/api/logs/etl/load?status=failed&trigger=url&q=word&limit=1")

    assert engine.asked == [
        (
            "runs",
            RunFilter(script=ScriptId("etl/load"), status=["failed"], trigger="url", query="word"),
        )
    ]


def test_a_script_that_never_ran_has_an_empty_history(call, engine):
    engine.add(a_script("web"))

    assert call("GET", "/api/logs/web").json() == {"items": [], "next_cursor": None}


def test_a_script_that_is_gone_keeps_its_history(call, engine):
    del engine.reports["etl/load"]

    assert call("GET", "/api/logs/etl/load").status_code == 200


def test_one_run_is_told_as_among_all_runs(call):
    assert call("GET", f"/api/logs/etl/load/{RUN}").json() == call("GET", f"/api/runs/{RUN}").json()


def test_a_queued_run_says_what_it_waits_for(call, engine):
    engine.add(a_run(status=RunStatus.QUEUED))
    engine.reasons[RUN] = "a slot"

    assert call("GET", f"/api/logs/etl/load/{RUN}").json()["waits_for"] == "a slot"


@pytest.mark.parametrize(
    "path",
    [
        f"web/{RUN}",
        f"load/{RUN}",
        "etl/load/20261124T130000-abcdef123456",
        "nothing",
        "etl/load/no-run",
    ],
)
def test_what_is_not_of_this_script_is_not_there(call, engine, path):
    engine.add(a_script("web"))

    answer = call("GET", f"/api/logs/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
