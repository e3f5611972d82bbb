"""A plan in words: what serving the tree would change, line by line."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.model.plan import (
    CreateScript,
    DeleteScript,
    MarkScript,
    MovedOccurrence,
    Plan,
    ScriptAction,
    UpdateScript,
)
from web.cli.problems_text import error_count
from web.cli.terminal import mark
from web.cli.words import OK, Look, count, local, some_of

SIGNS: dict[type[ScriptAction], tuple[str, str, str]] = {
    CreateScript: ("+", "create", "green"),
    UpdateScript: ("~", "update", "yellow"),
    DeleteScript: ("-", "delete", "red"),
    MarkScript: ("!", "error", "bold red"),
}

MENDED = Look("✓", "+", OK)

SUMS: dict[type[ScriptAction], str] = {
    CreateScript: "to create",
    UpdateScript: "to update",
    DeleteScript: "to delete",
    MarkScript: "with errors",
}


def plan_lines(plan: Plan) -> Iterator[Text]:
    """Yield the plan's lines: actions with their fields, environments, moved runs, the sum."""
    for action in plan.actions:
        yield from _action_lines(action)
    for request, scripts in plan.builds:
        names = ", ".join(scripts)
        yield Text.assemble(("+ build ", "green"), f"  {environment_words(request)}  ({names})")
    for moved in plan.moved:
        yield Text(f"  next    {_moved_words(moved)}")
    if plan.held:
        yield Text.assemble(("held: ", "bold yellow"), plan.held)
    yield Text(plan_sentence(plan))


def plan_sentence(plan: Plan) -> str:
    """Sum the plan up: `1 to create, 2 to update, 1 environment to build`."""
    if plan.empty:
        return _no_difference(error_count(plan.problems), plan.stale)
    parts = [
        f"{number} {words}"
        for kind, words in SUMS.items()
        if (number := sum(type(action) is kind for action in plan.actions))
    ]
    if plan.builds:
        parts.append(f"{count(len(plan.builds), 'environment')} to build")
    return "Plan: " + ", ".join(parts) + "."


def _no_difference(errors: int, stale: Sequence[ScriptId]) -> str:
    if not errors:
        return "No difference: the tree is in force."
    if not stale:
        return f"No difference; {count(errors, 'error')} above."
    keep = "keeps" if errors == 1 else "keep"
    if len(stale) == 1:
        kept = f"{stale[0]}'s last good version"
    else:
        kept = f"the last good versions of {some_of(stale)}"
    return f"No difference; {count(errors, 'error')} {keep} {kept} in force."


def environment_words(request: EnvironmentRequest) -> str:
    """Name an environment by what is asked for: `python 3.12: pandas>=2, rich`."""
    python = f"python {request.python}" if request.python else "the default python"
    wanted = ", ".join(request.requirements.splitlines())
    return f"{python}: {wanted}" if wanted else f"{python}, no packages"


def _action_lines(action: ScriptAction) -> Iterator[Text]:
    note = _note(action)
    if isinstance(action, UpdateScript) and action.mended and not action.changes:
        first = Text.assemble(mark(MENDED), (" mended", MENDED.tone))
    else:
        sign, word, tone = SIGNS[type(action)]
        first = Text(f"{sign} {word:<6}", tone)
    yield Text.assemble(first, f"  {action.id}", (f"  {note}" if note else "", "dim"))
    for change in action.changes if isinstance(action, UpdateScript) else ():
        yield Text.assemble(
            f"    {change.field}: ",
            (_side(change.before), "red"),
            " → ",
            (_side(change.after), "green"),
        )


def _note(action: ScriptAction) -> str:
    if isinstance(action, MarkScript):
        return "the last good version stays in force" if action.stale else "no valid version yet"
    if not isinstance(action, UpdateScript):
        return ""
    if action.mended:
        return "mended" if action.changes else ""
    return "" if action.changes else "files beside the manifest"


def _side(value: str | None) -> str:
    return "(not set)" if value is None else value or "(empty)"


def _moved_words(moved: MovedOccurrence) -> str:
    if moved.after is None:
        return f"{moved.script}: no run is due any more, was {local(moved.before)}"
    if moved.before is None:
        return f"{moved.script}: first {local(moved.after)}"
    return f"{moved.script}: {local(moved.before)} → {local(moved.after)}"
