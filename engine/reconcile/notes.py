"""Words for people who ask why: lines of the journal, and the facts bound to lines of the log.

They explain and decide nothing, so none may hold anything up.
"""

import logging

from engine.errors import EngineError
from engine.model.run import Run
from engine.ports import Journal

logger = logging.getLogger(__name__)


def facts_of(run: Run) -> dict[str, str]:
    """Return what every line of the log about a run has bound to it."""
    return {"run_id": run.id, "script_id": run.script}


async def note(
    journal: Journal, action: str, subject: str, detail: str = "", error: str = ""
) -> None:
    """Write a line; one that the disk does not take is left to the log."""
    try:
        await journal.record(action, subject, detail, error)
    except EngineError as failure:
        extra = {"action": action, "subject": subject, "detail": detail, "error": str(failure)}
        logger.warning("not in the journal", extra=extra)
