"""A plan in words: what serving the tree would change, line by line."""

from collections.abc import Iterator

from rich.text import Text

from engine.model.environment import EnvironmentRequest
from engine.model.plan import (
    CreateScript,
    DeleteScript,
    MarkScript,
    MovedOccurrence,
    Plan,
    ScriptAction,
    UpdateScript,
)
from web.cli.words import count, local

SIGNS: dict[type[ScriptAction], tuple[str, str, str]] = {
    CreateScript: ("+", "create", "green"),
    UpdateScript: ("~", "update", "yellow"),
    DeleteScript: ("-", "delete", "red"),
    MarkScript: ("!", "error", "bold red"),
}

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
        yield Text("      let them through with `pysched plan --confirm`")
    yield Text(plan_sentence(plan))


def plan_sentence(plan: Plan) -> str:
    """Sum the plan up: `1 to create, 2 to update, 1 environment to build`."""
    if plan.empty:
        return "No difference: the tree is in force."
    parts = [
        f"{number} {words}"
        for kind, words in SUMS.items()
        if (number := sum(type(action) is kind for action in plan.actions))
    ]
    if plan.builds:
        parts.append(f"{count(len(plan.builds), 'environment')} to build")
    return "Plan: " + ", ".join(parts) + "."


def environment_words(request: EnvironmentRequest) -> str:
    """Name an environment by what is asked for: `python 3.12: pandas>=2, rich`."""
    python = f"python {request.python}" if request.python else "the default python"
    wanted = ", ".join(request.requirements.splitlines())
    return f"{python}: {wanted}" if wanted else f"{python}, no packages"


def _action_lines(action: ScriptAction) -> Iterator[Text]:
    sign, word, tone = SIGNS[type(action)]
    line = Text.assemble((f"{sign} {word:<6}", tone), f"  {action.id}")
    if isinstance(action, MarkScript):
        line.append("  the last good version stays in force", style="dim")
    elif isinstance(action, UpdateScript) and not action.changes:
        line.append("  files beside the manifest", style="dim")
    yield line
    for change in action.changes if isinstance(action, UpdateScript) else ():
        yield Text.assemble(
            f"    {change.field}: ",
            (_side(change.before), "red"),
            " → ",
            (_side(change.after), "green"),
        )


def _side(value: str | None) -> str:
    return "(not set)" if value is None else value or "(empty)"


def _moved_words(moved: MovedOccurrence) -> str:
    if moved.after is None:
        return f"{moved.script}: no run is due any more, was {local(moved.before)}"
    if moved.before is None:
        return f"{moved.script}: first {local(moved.after)}"
    return f"{moved.script}: {local(moved.before)} → {local(moved.after)}"
