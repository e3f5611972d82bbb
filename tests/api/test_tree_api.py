"""Folders and the state of the tree over HTTP."""

from engine.model.identity import ScriptId
from engine.model.status import FolderReport, TreeStatus
from engine.model.tree import Problem, Severity
from tests.fakes.engine import a_tree

ERROR = Problem(path="etl/script.yaml", line=2, code="unknown_key", message="unknown key")
WARNING = Problem(path="etl", severity=Severity.WARNING, code="case_collision", message="same")


def test_folders_are_listed_with_their_defaults_and_counts(call, engine):
    engine.found_folders = [
        FolderReport(
            path="etl",
            name="Etl",
            description="Loads",
            defaults={"limits": {"timeout": "5m"}},
            scripts=1,
            scripts_below=3,
            problems=(WARNING,),
        )
    ]

    found = call("GET", "/api/folders").json()

    assert found == {
        "items": [
            {
                "path": "etl",
                "name": "Etl",
                "description": "Loads",
                "defaults": {"limits": {"timeout": "5m"}},
                "scripts": 1,
                "scripts_below": 3,
                "problems": [
                    {
                        "path": "etl",
                        "line": 1,
                        "column": 1,
                        "severity": "warning",
                        "code": "case_collision",
                        "message": "same",
                    }
                ],
            }
        ],
        "next_cursor": None,
    }


def test_a_tree_in_force_has_nothing_to_say_but_its_revision(call):
    assert call("GET", "/api/tree").json() == {
        "status": "ok",
        "revision": "a" * 40,
        "scripts": 1,
        "errors": [],
        "warnings": [],
        "failure": None,
        "held": None,
        "removals": [],
    }


def test_errors_and_warnings_are_told_apart(call, engine):
    engine.tree_state = a_tree(status=TreeStatus.ERROR, problems=(ERROR, WARNING))

    found = call("GET", "/api/tree").json()

    assert [[one["code"] for one in found[kind]] for kind in ("errors", "warnings")] == [
        ["unknown_key"],
        ["case_collision"],
    ]


def test_removals_that_wait_are_named(call, engine):
    engine.tree_state = a_tree(
        status=TreeStatus.HELD, held="too many", removals=(ScriptId("etl/load"),)
    )

    found = call("GET", "/api/tree").json()

    assert (found["status"], found["held"], found["removals"]) == (
        "held",
        "too many",
        ["etl/load"],
    )
