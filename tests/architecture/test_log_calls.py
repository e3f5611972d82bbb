"""Lines of the log: constant messages, and of a run always the script as well."""

import ast
from collections.abc import Iterator

from tests.architecture.repository import calls, modules

LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
WITHOUT_A_SCRIPT = {
    "engine/reconcile/archiving.py": "puts away what it knows by the run's id alone",
}


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield module and call of everything that is logged."""
    for module in modules():
        for name, node in calls(module):
            target = node.func
            if (
                name in LEVELS
                and isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and target.value.id == "logger"
            ):
                yield module.as_posix(), node


def keys(node: ast.Call) -> set[str]:
    """Return the names that are bound to a line where they are written beside its message."""
    return {
        key.value
        for each in node.keywords
        if each.arg == "extra"
        for part in ast.walk(each.value)
        if isinstance(part, ast.Dict)
        for key in part.keys
        if isinstance(key, ast.Constant)
    }


def test_messages_are_constant():
    found = list(log_calls())

    assert len(found) > 40
    assert [
        (module, node.lineno)
        for module, node in found
        if not (node.args and isinstance(node.args[0], ast.Constant) and len(node.args) == 1)
    ] == []


def test_a_line_about_a_run_names_its_script():
    half = {
        module
        for module, node in log_calls()
        if "run_id" in keys(node) and "script_id" not in keys(node)
    }

    assert half - set(WITHOUT_A_SCRIPT) == set()
