"""Commands about the files, which need no server: validate, plan, new, next, schema."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import InvalidInput
from web.cli.failure import DIFFERENCE, FAILED
from web.cli.options import DataOption, JsonOption, TreeArgument, TreeOption, script_id
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.model.plan import Plan
    from engine.model.status import Coming


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


class Which(StrEnum):
    SCRIPT = "script"
    FOLDER = "folder"
    SETTINGS = "settings"


def validate(
    tree: TreeArgument = None,
    data: DataOption = None,
    format_: Annotated[
        Format, typer.Option("--format", help="text for people, json, or github annotations.")
    ] = Format.TEXT,
) -> None:
    """Check every manifest of the tree, without a server.

    Prints each problem as path:line:column with its mend. Ends with 1 when there is an error.
    """
    from engine.service import check
    from web.cli import problems_text

    settings = settings_for(tree, data)
    root = settings.paths.scripts
    number, problems = check.validate(root, settings)
    if format_ is Format.JSON:
        from web.api.shapes import problem_shapes
        from web.cli.terminal import write_json

        write_json({"problems": [one.model_dump() for one in problem_shapes(problems)]})
    elif format_ is Format.GITHUB:
        for problem in problems:
            print(problems_text.github_line(problem, root, Path.cwd()))
    else:
        for problem in problems:
            print(problem)
        print(problems_text.verdict(number, problems))
    if problems_text.has_errors(problems):
        raise typer.Exit(FAILED)


def plan(
    tree: TreeArgument = None,
    data: DataOption = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="REV", help="Compare with a git revision, not with what is in force."),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Let removals through that wait for this.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show what serving the tree would change.

    Ends with 0 when nothing differs, with 3 when something does, and with 1 when the tree holds
    an error, whether or not something differs.
    """
    from engine.service import offline
    from web.cli import problems_text

    settings = settings_for(tree, data)
    root = settings.paths.scripts
    if confirm:
        if against:
            raise typer.BadParameter("--confirm is about what is in force, not about a revision")
        from web.cli.confirming import confirm as let_through

        print(let_through(root, settings))
        return
    found = offline.plan(root, settings, against=against)
    if json:
        _print_json(found)
    else:
        _print_text(found)
    if problems_text.has_errors(found.problems):
        raise typer.Exit(FAILED)
    if not found.empty:
        raise typer.Exit(DIFFERENCE)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as 'Hello World'.")],
    folder: Annotated[
        str, typer.Option("--folder", help="The folder to create it in, such as api-calls.")
    ] = "",
    tree: TreeOption = None,
) -> None:
    """Create a script directory with a main file and a script.yaml."""
    from engine.service import offline

    settings = settings_for(tree)
    print(offline.new_script(settings.paths.scripts, name, folder))


def next_(
    *,
    script: Annotated[
        str | None, typer.Argument(metavar="SCRIPT", help="A script's id.", show_default=False)
    ] = None,
    number: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many.")] = 5,
    cron: Annotated[
        str | None, typer.Option(metavar="EXPR", help="A cron expression instead of a script.")
    ] = None,
    timezone: Annotated[str, typer.Option(metavar="TZ", help="IANA time zone of --cron.")] = "UTC",
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="ISO", help="Where --cron starts; default now."),
    ] = None,
    tree: TreeOption = None,
    json: JsonOption = False,
) -> None:
    """Print the coming occurrences of a script or a cron expression, one time a line."""
    if (script is None) == (cron is None):
        raise typer.BadParameter("give either a SCRIPT or --cron")
    from engine.service import offline

    coming: Sequence[Coming]
    if cron is not None:
        coming = offline.coming_of_cron(cron, timezone, _moment(from_), number)
    else:
        settings = settings_for(tree)
        coming = offline.coming(settings.paths.scripts, settings, script_id(script or ""), number)
    if json:
        from schemas.api import ComingList
        from web.api.shapes import coming_shape

        shown = ComingList(items=tuple(coming_shape(one) for one in coming))
        print(shown.model_dump_json(indent=2))
        return
    for one in coming:
        print(one.due.isoformat())


def schema(
    which: Annotated[Which, typer.Argument(help="The file it is for.")] = Which.SCRIPT,
) -> None:
    """Print the JSON Schema of script.yaml, folder.yaml or pysched.yaml."""
    from schemas.generate import schema_text

    sys.stdout.write(schema_text(which.value))


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)  # noqa: TID251 - the caller's own now, no part of a decision
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"--from {text!r} is no ISO 8601 time; write it like 2026-03-29T01:30:00+01:00"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print_json(found: "Plan") -> None:
    from web.api.shapes import plan_shape

    print(plan_shape(found).model_dump_json(indent=2))


def _print_text(found: "Plan") -> None:
    from web.cli.plan_text import plan_lines
    from web.cli.terminal import say

    for problem in found.problems:
        say(str(problem))
    for line in plan_lines(found):
        say(line)
