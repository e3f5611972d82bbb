"""Commands about this installation: gc and doctor."""

import dataclasses
from typing import TYPE_CHECKING

import typer

from web.cli.failure import FAILED
from web.cli.options import DataOption, JsonOption, TreeOption
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from engine.model.status import Finding


def gc(tree: TreeOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Remove unused environments and runs that need not be kept any longer."""
    import asyncio

    from engine.service import offline
    from web.cli.words import count, size

    removed = asyncio.run(offline.collect(settings_for(tree, data)))
    if json:
        from web.cli.terminal import write_json

        write_json(dataclasses.asdict(removed))
        return
    print(
        f"removed {count(removed.environments, 'environment')} and {count(removed.runs, 'run')}, "
        f"{size(removed.bytes)} freed"
    )


def doctor(tree: TreeOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Check the installation and say what is missing and how to mend it.

    Ends with 1 when something does not work; a warning does not count.
    """
    import asyncio

    from engine.service.doctor import examine

    findings = asyncio.run(examine(settings_for(tree, data)))
    if json:
        from web.cli.terminal import write_json

        write_json({"findings": [dataclasses.asdict(one) for one in findings]})
    else:
        from rich.text import Text

        from web.cli.terminal import columns, mark, say
        from web.cli.words import FINDING_LOOKS

        columns((mark(FINDING_LOOKS[_weight(one)]), one.name, one.detail) for one in findings)
        for one in findings:
            if one.mend and _weight(one) != "good":
                say(Text("mend ", style="bold"), f"{one.name}: {one.mend}")
    if not all(one.ok for one in findings):
        raise typer.Exit(FAILED)


def _weight(finding: "Finding") -> str:
    if not finding.ok:
        return "bad"
    return "warning" if finding.warning else "good"
