"""Change keys of a `script.yaml` or `folder.yaml`, and nothing else of it.

Whoever wrote the file chose its order, comments, quotes and indentation, so the
values are exchanged in the text itself, at the places where the reader found them;
only what is new is written by a program. Inside sections and lists, too, what stays the
same stays as it is. The result is read back: if exactly the keys that were meant have
changed, and are what was wanted, it is right, else a value is written as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from engine.document.nodes import compose
from engine.document.read import read
from engine.errors import InvalidManifest
from engine.model.tree import Problem
from engine.spec.edit_nodes import Editor, NotByParts
from engine.spec.edit_text import Text

ORDER: Sequence[str] = (
    "name", "description", "enabled", "main", "args", "python", "env", "triggers", "limits",
    "overlap", "max_parallel", "queue_limit", "group", "retry", "success_exit_codes",
    "skip_exit_codes", "source", "merge_output", "stop_grace", "queue", "sandbox", "notify",
    "expect_within", "keep",
)  # fmt: skip
"""In which a person would write the keys; a new one goes behind the nearest that is there."""

_BOM = "\ufeff"


def edit(path: str, source: bytes, changes: Mapping[str, Any]) -> bytes:
    """Return a manifest with other values for some keys; None takes a key out.

    `path` is for messages. Raises InvalidManifest when the file has mistakes of form, or is
    written in a way that cannot be changed key by key.
    """
    before = read(path, source)
    if before.problems:
        raise refusal(f"{path} has mistakes; mend its text first", before.problems)
    removed = {key for key, value in changes.items() if value is None}
    wanted = {k: v for k, v in {**before.data, **changes}.items() if k not in removed}
    if same(wanted, before.data):
        return source
    for changed in _attempts(source.decode(), before.data, wanted):
        found = read(path, changed)
        if not found.problems and same(found.data, wanted):
            return changed
    raise refusal(
        f"{path} is written in a way that its keys cannot be changed one by one; edit its text",
        (),
    )


def refusal(message: str, problems: Sequence[Problem]) -> InvalidManifest:
    """Form the error for a manifest that cannot be edited, or would be wrong afterwards."""
    told = "; ".join(map(str, problems[:3]))
    return InvalidManifest(
        f"{message}: {told}" if told else message, problems=[_members(one) for one in problems]
    )


def same(one: Any, other: Any) -> bool:
    """Say whether two values read from YAML or JSON are equal and of the same kinds."""
    if isinstance(one, dict) and isinstance(other, dict):
        first, second = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(one, list) and isinstance(other, list):
        items, others = cast("list[Any]", one), cast("list[Any]", other)
        return len(items) == len(others) and all(map(same, items, others))
    here, there = cast("object", one), cast("object", other)
    return type(here) is type(there) and here == there


def _attempts(text: str, before: dict[str, Any], wanted: dict[str, Any]) -> Iterator[bytes]:
    mark = _BOM if text.startswith(_BOM) else ""
    # The break at the end may be part of the value that comes to stand there.
    for by_parts, ends_alike in ((True, True), (True, False), (False, False)):
        changing = Text(text.removeprefix(_BOM), ends_alike=ends_alike)
        editor = Editor(changing, same, by_parts=by_parts)
        try:
            editor.document(compose(changing.text), before, wanted, ORDER)
            yield (mark + changing.changed()).encode()
        except (NotByParts, ValueError, UnicodeEncodeError):
            continue


def _members(problem: Problem) -> dict[str, object]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message,
    }
