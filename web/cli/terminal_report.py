"""The readable face of `pysched serve`: a short account of the start, then one line a run."""

import logging
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from engine.errors import EngineError
from engine.model.event import BuildChanged, Event, PlanApplied, RunChanged, RunnerChanged
from engine.model.plan import Plan
from engine.model.run import Run
from engine.model.session import link_path
from engine.model.tree import Problem
from engine.service.first_admin import Welcome
from web.cli.build_progress import BuildProgress
from web.cli.overview import Overview
from web.cli.plan_text import plan_lines, plan_sentence
from web.cli.problem_news import ProblemNews
from web.cli.problems_text import counted
from web.cli.report import log_run
from web.cli.terminal import error_console, fitting, mark, say
from web.cli.words import RUN_LOOKS, count, local, run_sentence

logger = logging.getLogger("pysched")

MOST_ACTIONS = 10
"""Changes of one pass that are listed; more are summed up."""
MOST_PROBLEMS = 20
"""Problems that are listed at once."""
LABEL = 8
"""Width of the words at the left of the start's lines."""


class TerminalReport:
    """Prints to one console; a build in progress stays on the last line of a terminal."""

    def __init__(self, console: Console, version: str, log_file: Path) -> None:
        self._console = console
        self._version = version
        self._log_file = log_file
        self._builds = BuildProgress(console)
        self._waiting = console.status("") if console.is_terminal else None
        self._is_started = False
        self._news = ProblemNews()

    def reading(self, tree: str) -> None:
        self._line(("PyScheduler ", "bold"), self._version)
        text = f"reading {tree}"
        if self._waiting:
            self._waiting.update(text)
            self._waiting.start()
        else:
            self._line(f"{text} …")

    def hear(self, event: Event) -> None:
        if isinstance(event, RunChanged):
            log_run(event.run)
            self._run(event.run)
        elif isinstance(event, PlanApplied):
            self._plan(event.plan)
        elif isinstance(event, BuildChanged):
            self._build(event)
        elif isinstance(event, RunnerChanged) and self._is_started:
            self._runner(event)

    def started(self, url: str, *, own_key: bool) -> None:
        self._stop_waiting()
        self._is_started = True
        self._fact("serving", Text(url, style="bold"))
        if not own_key:
            self._fact(
                "key",
                "`pysched status`, `runs`, `logs`, `trigger` and `cancel` work on this machine;",
            )
            self._fact("", "for other programs, set PYSCHED_DEFAULT_API_KEY and start again")

    def welcome(self, found: Welcome, url: str) -> None:
        """Print it and log nothing of it: what is told here opens the door."""
        command = f"`pysched user link {found.name}`"
        if found.password is None or found.link is None:
            self._fact("login", f"the account {found.name} was made; {command} opens it")
            return
        self._fact("login", f"{found.name}, password {found.password}")
        self._fact("", f"or once, in the next 24 h: {url}{link_path(found.link)}")
        self._fact("", f"shown this once; {command} makes another link")

    def overview(self, found: Overview) -> None:
        self._problems(found.problems)
        self._fact("scripts", _scripts_sentence(found))
        if found.complete and found.scripts:
            self._fact("python", _environments_sentence(found))
        for number, (moment, script) in enumerate(found.coming):
            self._fact("" if number else "next", f"{local(moment)}  {script}")
        self._fact("log", str(self._log_file))

    def stopping(self, runs: int) -> None:
        self._stop_waiting()
        self._builds.close()
        if runs:
            self._line(f"finishing {count(runs, 'run')}, Ctrl-C again to stop them now")

    def stopped(self) -> None:
        self._stop_waiting()
        self._builds.close()
        self._line("stopped")

    def failed(self, error: EngineError) -> None:
        self._stop_waiting()
        logger.info("cannot start", extra={"error": error.code, "reason": str(error)})
        say(("error: ", "bold red"), str(error), to=error_console())

    def _run(self, run: Run) -> None:
        if not run.status.final:
            return
        sentence = run_sentence(run.status, run.reason, run.duration_ms)
        if run.attempt > 1:
            sentence += f", attempt {run.attempt}"
        time = local(run.finished_at or run.queued_at, date=False)
        beside = len(f"{time} ✓ {run.script}    {run.id}")
        self._line(
            (time, "dim"),
            " ",
            mark(RUN_LOOKS[run.status], self._console),
            f" {run.script}  {fitting(sentence, beside, self._console)}  ",
            (run.id, "dim"),
        )

    def _plan(self, plan: Plan) -> None:
        news = self._news.of(plan)
        if not self._is_started:
            return
        if len(plan.actions) > MOST_ACTIONS:
            self._line(plan_sentence(plan))
        elif plan.actions:
            for line in list(plan_lines(plan))[:-1]:
                self._line(line)
        self._problems(news)

    def _problems(self, problems: Sequence[Problem]) -> None:
        for problem in problems[:MOST_PROBLEMS]:
            self._line((str(problem), "red" if problem.severity == "error" else "yellow"))
        if more := problems[MOST_PROBLEMS:]:
            self._line(f"and {counted(more)} more; `pysched validate` lists them")

    def _build(self, event: BuildChanged) -> None:
        self._stop_waiting()
        facts = {"scripts": list(event.scripts), "phase": event.phase, "line": event.line}
        logger.info("environment build", extra=facts)
        self._builds.hear(event)

    def _runner(self, event: RunnerChanged) -> None:
        if event.connected:
            self._line("the runner answers again")
        else:
            self._line(("the runner does not answer; runs go on without the server", "yellow"))

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting.stop()

    def _fact(self, label: str, text: str | Text) -> None:
        self._line((f"{label:<{LABEL}} ", "dim"), text)

    def _line(self, *parts: str | Text | tuple[str, str]) -> None:
        say(*parts, to=self._console)


def _scripts_sentence(found: Overview) -> str:
    text = count(found.scripts, "script")
    if found.complete and found.scripts:
        text += f", {found.scheduled} with triggers"
        if found.folders:
            text += f", {count(found.folders, 'folder')}"
    said = counted(found.problems)
    if len(found.problems) < found.problem_count:
        said = count(found.problem_count, "problem")
    return f"{text}, {said}; `pysched validate` lists them" if said else text


def _environments_sentence(found: Overview) -> str:
    parts = [f"{found.ready} ready"]
    if found.to_build:
        parts.append(f"{found.to_build} to build")
    if found.failed:
        parts.append(f"{found.failed} could not be built")
    return "environments of scripts: " + ", ".join(parts)
