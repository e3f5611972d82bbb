"""Write lines of the journal, which explains and decides nothing: so none may hold anything up."""

import logging

from engine.errors import EngineError
from engine.ports import Journal

logger = logging.getLogger(__name__)


async def note(
    journal: Journal, action: str, subject: str, detail: str = "", error: str = ""
) -> None:
    """Write a line; one that the disk does not take is left to the log."""
    try:
        await journal.record(action, subject, detail, error)
    except EngineError as failure:
        extra = {"action": action, "subject": subject, "detail": detail, "error": str(failure)}
        logger.warning("not in the journal", extra=extra)
