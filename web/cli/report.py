"""What `pysched serve` tells, for people in a terminal or for a log collector.

Both reports hear the same things; which one is used follows `log.format`.
"""

import logging
from typing import Protocol

from engine.errors import EngineError
from engine.model.event import BuildChanged, Event, PlanApplied, RunChanged, RunnerChanged
from engine.model.run import Run
from web.cli.overview import Overview
from web.cli.plan_text import plan_sentence

logger = logging.getLogger("pysched")


class Report(Protocol):
    """Hears of a server's life in this order; `hear` is called at any time in between."""

    def reading(self, tree: str) -> None: ...

    def hear(self, event: Event) -> None: ...

    def started(self, url: str, *, own_key: bool) -> None:
        """Tell the address; `own_key` says that PYSCHED_DEFAULT_API_KEY is set."""
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

    def reading(self, tree: str) -> None:
        logger.info("reading the tree", extra={"tree": tree})

    def hear(self, event: Event) -> None:
        if isinstance(event, RunChanged):
            log_run(event.run)
        elif isinstance(event, PlanApplied):
            log_plan(event)
        elif isinstance(event, BuildChanged):
            facts = {"scripts": list(event.scripts), "phase": event.phase, "line": event.line}
            logger.info("environment build", extra=facts)
        elif isinstance(event, RunnerChanged):
            logger.info("runner", extra={"connected": event.connected})

    def started(self, url: str, *, own_key: bool) -> None:
        logger.info("serving", extra={"url": url, "own_key": own_key})

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
            "status": run.status.value,
            "reason": run.reason,
            "duration_ms": run.duration_ms,
            "attempt": run.attempt,
        }
        logger.info("run ended", extra=facts)


def log_plan(event: PlanApplied) -> None:
    """Log what a pass changed, with the problems it met; one that changed nothing is no news."""
    if event.plan.empty:
        return
    logger.info("plan applied", extra={"summary": plan_sentence(event.plan)})
    for problem in event.plan.problems:
        logger.warning("file problem", extra={"problem": str(problem)})
