"""What `pysched serve` tells, for people in a terminal or for a log collector.

Both reports hear the same things; which one is used follows `log.format`.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from engine.errors import EngineError
from engine.model.event import BuildChanged, Event, PlanApplied, RunChanged, RunnerChanged
from engine.model.plan import Plan
from engine.model.run import Run
from engine.model.tree import Problem
from engine.service.first_admin import Welcome
from web.cli.overview import Overview
from web.cli.plan_text import plan_sentence
from web.cli.problem_news import ProblemNews

logger = logging.getLogger("pysched")


class Report(Protocol):
    """Hears of a server's life in this order; `hear` is called at any time in between."""

    def reading(self, tree: str) -> None: ...

    def hear(self, event: Event) -> None: ...

    def started(self, url: str, *, own_key: bool) -> None:
        """Tell the address; `own_key` says that PYSCHED_DEFAULT_API_KEY is set."""
        ...

    def welcome(self, found: Welcome, url: str) -> None:
        """Tell of the account that the first start made; `url` is the server's."""
        ...

    def overview(self, found: Overview) -> None: ...

    def stopping(self, runs: int) -> None:
        """Tell that the server waits for so many runs, 0 for none."""
        ...

    def stopped(self) -> None: ...

    def failed(self, error: EngineError) -> None:
        """Tell why the server cannot start."""
        ...


class JsonReport:
    """Every piece of news as a log record, with its facts bound."""

    def __init__(self) -> None:
        self._news = ProblemNews()

    def reading(self, tree: str) -> None:
        logger.info("reading the tree", extra={"tree": tree})

    def hear(self, event: Event) -> None:
        if isinstance(event, RunChanged):
            log_run(event.run)
        elif isinstance(event, PlanApplied):
            log_plan(event.plan, self._news.of(event.plan))
        elif isinstance(event, BuildChanged):
            facts = {"scripts": list(event.scripts), "phase": event.phase, "line": event.line}
            logger.info("environment build", extra=facts)
        elif isinstance(event, RunnerChanged):
            logger.info("runner", extra={"connected": event.connected})

    def started(self, url: str, *, own_key: bool) -> None:
        logger.info("serving", extra={"url": url, "own_key": own_key})

    def welcome(self, found: Welcome, url: str) -> None:
        # No secrets: this goes where logs go.
        hint = f"`pysched user link {found.name}` gives a link to log in with"
        logger.warning(
            "the first account was made", extra={"user": found.name, "url": url, "next": hint}
        )

    def overview(self, found: Overview) -> None:
        facts = {"scripts": found.scripts, "problems": found.problem_count}
        logger.info("tree in force", extra=facts)
        for problem in found.problems:
            logger.warning("file problem", extra={"problem": str(problem)})

    def stopping(self, runs: int) -> None:
        logger.info("stopping", extra={"running": runs})

    def stopped(self) -> None:
        logger.info("stopped")

    def failed(self, error: EngineError) -> None:
        logger.error("cannot start", extra={"error": error.code, "reason": str(error)})


def log_run(run: Run) -> None:
    """Log the end of a run; what is queued or running is told when it is over."""
    if run.status.final:
        facts = {
            "run_id": run.id,
            "script_id": run.script,
            "trigger": run.trigger,
            "cause": run.cause.value,
            "requested_by": run.requested_by,
            "status": run.status.value,
            "reason": run.reason,
            "duration_ms": run.duration_ms,
            "attempt": run.attempt,
        }
        logger.info("run ended", extra=facts)


def log_plan(plan: Plan, news: Sequence[Problem]) -> None:
    """Log what a pass changed, and the problems that are news."""
    if not plan.empty:
        logger.info("plan applied", extra={"summary": plan_sentence(plan)})
    for problem in news:
        logger.warning("file problem", extra={"problem": str(problem)})
