"""Which checkouts of `source: snapshot` are no longer needed, and their removal.

A revision stays while it is checked out in the tree or an active run names it, and
for a while after a run last started from it. What is left of checkouts that were cut
off lies beside the revisions, under names with a leading dot, and goes by its age.
"""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

logger = logging.getLogger(__name__)

KEEP = timedelta(days=1)
"""How long what nobody names stays; the row of a run may lag behind its start."""


async def collect_checkouts(checkouts: Path, in_use: Collection[str], now: datetime) -> None:
    """Remove all but the revisions `in_use` and what was used lately.

    Called on the event loop, where runs get their revision: what goes is put aside
    in one step, so a run that wants it again meanwhile has it checked out anew.
    """
    try:
        trash = _put_aside(checkouts, in_use, now)
        if trash is not None:
            await asyncio.to_thread(shutil.rmtree, trash)
    except OSError as error:
        logger.warning("old checkouts are not removed", extra={"error": str(error)})


def _put_aside(checkouts: Path, in_use: Collection[str], now: datetime) -> Path | None:
    old = [each for each in _older(checkouts, now - KEEP) if each.name not in in_use]
    if not old:
        return None
    trash = Path(tempfile.mkdtemp(prefix=".old.", dir=checkouts))
    for each in old:
        each.rename(trash / each.name)
    return trash


def _older(checkouts: Path, than: datetime) -> Iterator[Path]:
    if checkouts.is_dir():
        for each in checkouts.iterdir():
            if each.stat().st_mtime < than.timestamp():
                yield each
