"""Commands to a running server: status, runs, trigger, cancel."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from web.cli.failure import FAILED
from web.cli.options import (
    DataOption,
    JsonOption,
    KeyOption,
    ScriptArgument,
    UrlOption,
    script_id,
)
from web.cli.settings import settings_for

if TYPE_CHECKING:
    from web.cli.client import Server
    from web.cli.terminal import Cell

POLL = 0.2
"""Seconds between two looks at a run that is waited for."""
NEED_ATTENTION = ("error", "env_failed", "failing")

WHAT, CAUSE, SCRIPT = 3, 4, 2
CUT = (WHAT, CAUSE, SCRIPT)
"""Columns of a run that a narrow terminal shortens, in this order."""
STATUSES = (
    "queued", "running", "success", "failed", "timeout", "out_of_memory", "cancelled",
    "skipped", "missed", "env_failed", "interrupted",
)  # fmt: skip

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id.")]


def server_for(url: str | None, key: str | None, data: Path | None) -> "Server":
    """Find the server that the options mean, without asking it anything yet."""
    from web.cli.client import Server, find_server

    return Server(find_server(url, key, lambda: settings_for(data=data).paths.data))


def status(
    data: DataOption = None, url: UrlOption = None, key: KeyOption = None, json: JsonOption = False
) -> None:
    """Say how the server and its scripts are, worst first.

    Ends with 1 when a part of the server does not work.
    """
    with server_for(url, key, data) as server:
        health = server.health()
        attention = [
            script
            for state in NEED_ATTENTION
            for script in server.get("/api/scripts", status=state, limit=100)["items"]
        ]
        active = server.get("/api/runs", status=["running", "queued"], limit=100)["items"]
    if json:
        from web.cli.terminal import write_json

        write_json({"health": health, "attention": attention, "active": active})
    else:
        _print_status(server.url, health, attention, active)
    if health["status"] != "ok":
        raise typer.Exit(FAILED)


def runs(
    *,
    script: Annotated[
        str | None, typer.Argument(metavar="SCRIPT", help="Only of this script.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option("--status", help="Only with this status; may be repeated.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="ISO", help="Only from then on.")] = None,
    query: Annotated[
        str | None, typer.Option("-q", metavar="WORDS", help="Only with these words in the output.")
    ] = None,
    number: Annotated[int, typer.Option("-n", min=1, max=500, help="How many.")] = 20,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """List runs, newest first; on a terminal one line each, shortened to its width."""
    _check_statuses(state or ())
    _check_moment(since)
    script = script_id(script) if script else None
    with server_for(url, key, data) as server:
        found = server.get(
            "/api/runs", script=script, status=state, since=since, q=query, limit=number
        )
        if script and not found["items"]:
            _check_script(server, script)
    if json:
        from web.cli.terminal import write_json

        write_json(found)
    elif found["items"]:
        from web.cli.terminal import columns

        columns([run_row(run) for run in found["items"]], cut=CUT)
    else:
        typer.echo("no runs", err=True)


def trigger(
    *,
    script: ScriptArgument,
    args: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- ARGS", help="Arguments for the script.", show_default=False),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the end; 1 unless it is a success.")
    ] = False,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Have the server run a script now, and print the run's id."""
    from urllib.parse import quote

    path = f"/api/scripts/{quote(script_id(script))}/execute"
    with server_for(url, key, data) as server:
        asked = server.post(path, {"args": args or []})
        answer = _ended(server, asked["run_id"]) if wait else asked
    if json:
        from web.cli.terminal import write_json

        write_json(answer)
    elif wait:
        from web.cli.terminal import columns

        columns([run_row(answer)])
    else:
        typer.echo(answer["run_id"])
    if wait and answer["status"] not in {"success", "skipped"}:
        raise typer.Exit(FAILED)


def cancel(
    run: RunArgument,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """Ask a queued or running run to stop."""
    from urllib.parse import quote

    with server_for(url, key, data) as server:
        server.post(f"/api/runs/{quote(run, safe='')}/cancel")
    typer.echo(f"{run} was asked to stop")


def run_row(run: dict[str, Any]) -> "Sequence[Cell]":
    """Make the cells of a run: when, mark, script, what became of it, cause, id."""
    from engine.model.run import RunStatus
    from web.cli.terminal import mark, when
    from web.cli.words import RUN_LOOKS, run_sentence

    state = RunStatus(run["status"])
    reason = run["reason"] or run.get("waits_for") or ""
    attempt = f", attempt {run['attempt']}" if run["attempt"] > 1 else ""
    return (
        when(run["started_at"] or run["queued_at"]),
        mark(RUN_LOOKS[state]),
        run["script"],
        run_sentence(state, reason, run["duration_ms"]) + attempt,
        run["trigger"] or run["cause"],
        run["id"],
    )


def _check_statuses(wanted: Sequence[str]) -> None:
    for one in wanted:
        if one not in STATUSES:
            raise typer.BadParameter(
                f"there is no status {one!r}; choose from {', '.join(STATUSES)}",
                param_hint="'--status'",
            )


def _check_moment(since: str | None) -> None:
    from datetime import datetime

    try:
        datetime.fromisoformat(since or "2026-11-24")
    except ValueError:
        raise typer.BadParameter(
            f"{since!r} is no ISO 8601 time; write it like 2026-11-24 or 2026-11-24T09:30:00+01:00",
            param_hint="'--since'",
        ) from None


def _check_script(server: "Server", script: str) -> None:
    """Raise Refusal for a script that is not there and never was; its runs may outlive it."""
    from urllib.parse import quote

    if not server.get("/api/runs", script=script, limit=1)["items"]:
        server.get(f"/api/scripts/{quote(script)}")


def _ended(server: "Server", run_id: str) -> dict[str, Any]:
    from engine.model.run import RunStatus

    while True:
        run = server.get(f"/api/runs/{run_id}")
        if RunStatus(run["status"]).final:
            return run
        time.sleep(POLL)


def _print_status(
    url: str,
    health: dict[str, Any],
    attention: Sequence[dict[str, Any]],
    active: Iterable[dict[str, Any]],
) -> None:
    from engine.model.status import ScriptStatus
    from web.cli.terminal import columns, mark, say
    from web.cli.words import SCRIPT_LOOKS, SCRIPT_SENTENCES, count

    details: dict[str, Any] = health.get("details") or {}
    failing: dict[str, str] = details.get("failing") or {}
    degraded: dict[str, str] = details.get("degraded") or {}
    say(_sentence(details, len(attention)))
    for part, why in failing.items():
        say((f"{part} does not work: ", "bold red"), why)
    for part, why in degraded.items():
        say((f"{part}: ", "yellow"), why)
    for script in attention:
        state = ScriptStatus(script["status"])
        say(mark(SCRIPT_LOOKS[state]), f" {script['id']}  {_why(script, SCRIPT_SENTENCES[state])}")
    problems = int(details.get("problems") or 0)
    if problems > sum(len(script["problems"]) for script in attention):
        say(("files: ", "yellow"), f"{count(problems, 'problem')}; `pysched validate` lists them")
    rows = [run_row(run) for run in active]
    if rows:
        columns(rows, cut=CUT)
    say((f"{url}  revision {(details.get('revision') or 'none')[:10]}", "dim"))


def _sentence(details: dict[str, Any], worried: int) -> str:
    from web.cli.words import count

    number = details.get("scripts", 0)
    if worried:
        need = "needs" if worried == 1 else "need"
        state = f"{count(worried, 'script')} of {number} {need} you"
    else:
        state = _all_fine(number)
    going = f"{details.get('running', 0)} running, {details.get('queued', 0)} queued"
    return f"{state[0].upper()}{state[1:]}. {going}."


def _all_fine(number: int) -> str:
    from web.cli.words import count

    if number > 1:
        return f"all {number} scripts are fine"
    return f"{count(number, 'script')}, fine" if number else "no script yet"


def _why(script: dict[str, Any], sentence: str) -> str:
    first = next((one for one in script["problems"] if one["severity"] == "error"), None)
    if first:
        return f"{first['path']}:{first['line']}:{first['column']}: {first['message']}"
    if script["status"] == "env_failed" and script["environment"]["message"]:
        return str(script["environment"]["message"]).splitlines()[0]
    last = script["last_run"]
    return f"{last['status']}, {last['reason']}" if last and last["reason"] else sentence
