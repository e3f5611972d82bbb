"""The page about live updates names every error and close code that there is."""

import ast
import re

from tests.architecture.repository import REFERENCE, calls, modules
from web.live import closing, routes

PAGE = (REFERENCE / "live-updates.md").read_text(encoding="utf-8")
OF_THE_PROTOCOL = {1009}
"""RFC 6455: a message is too large."""


def rows(title: str) -> list[str]:
    chapter = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `?(\w+)`? \|", chapter, re.MULTILINE)[1:]


def codes() -> set[str]:
    return {
        node.args[0].value
        for module in modules()
        for name, node in calls(module)
        if name == "Complaint" and isinstance(node.args[0], ast.Constant)
    }


def test_every_error_code_is_told():
    assert codes()
    assert codes() - set(rows("Errors")) == set()


def test_every_close_code_is_told_and_no_other():
    ours = {
        closing.GOING_AWAY,
        routes.UNAUTHORIZED,
        routes.CROSS_ORIGIN,
        routes.OVERLOAD,
        routes.INTERNAL_ERROR,
    }

    assert {int(row) for row in rows("Close codes")} == ours | OF_THE_PROTOCOL
