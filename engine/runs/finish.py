"""Put the output of a finished run into the archive and clear its directory.

The order survives a crash at any point: the archive is written first, then the claim
goes, then the rest. A directory with a claim is archived again, from frames that are
all still there; one without is only cleared further. So this may begin once the run's
final status is on record, and not before: without its claim nothing but the record
keeps the run from being started again.

What stays are the samples, if they make a curve, and the payload, which a retry or
a replay reads again. The output of a run that was allowed to write more than
LARGEST_ARCHIVED stays in its frame files, where it reads the same.
"""

import asyncio
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.errors import Unavailable
from engine.failpoint import reached
from engine.model.identity import RunId
from engine.ports import OutputArchive
from engine.runner import frames, protocol
from engine.runs import output
from engine.runs.places import PAYLOAD_NAME, RunPlaces
from engine.runs.samples import samples

LARGEST_ARCHIVED: Final = 64_000_000
"""Bytes; archiving takes about three times as much memory for a moment."""
_CURVE: Final = 2
"""Samples that make a curve rather than a point."""


async def finish(run_id: RunId, directory: Path, archive: OutputArchive) -> None:
    """Archive and clear one run whose final status is on record; may be repeated.

    Raises Unavailable when the disk refuses; nothing is lost then.
    """
    reached("end_committed")
    with _explained(directory, "archived and cleared"):
        packed, text = await asyncio.to_thread(_to_archive, directory)
    if packed:
        await archive.keep(run_id, packed, text)
    reached("output_kept")
    with _explained(directory, "cleared"):
        await asyncio.to_thread(_clear, directory)


def unfinished(places: RunPlaces) -> list[RunId]:
    """Return the runs, oldest first, whose directories hold what `finish` would archive or clear.

    Queued and running ones are among them: the caller knows which are final. Blocking.
    """
    return [run_id for run_id in places.existing() if _leftovers(places.run(run_id))]


def discard(directory: Path) -> None:
    """Remove a run's directory with all it holds, for retention. Blocking; raises Unavailable."""
    with _explained(directory, "removed"):
        if directory.exists():
            shutil.rmtree(directory)


@contextmanager
def _explained(directory: Path, what: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"{directory}: the run's files cannot be {what}: {error.strerror or error}. "
            "Make them accessible to the server and the disk writable; it is tried again "
            "at the next start."
        ) from error


def _to_archive(directory: Path) -> tuple[bytes, str]:
    """Return packed output and text; empty when there is none, it is archived, or is to stay."""
    if not (directory / protocol.CLAIM_NAME).exists() or _too_large(directory):
        return b"", ""
    packed = frames.pack(frames.read_frames(directory))
    return packed, output.searchable(packed)


def _too_large(directory: Path) -> bool:
    size = 0
    for offset in frames.segments(directory):
        # A run that is still going may drop a segment under this look.
        with suppress(FileNotFoundError):
            size += (directory / frames.segment_name(offset)).stat().st_size
    return size > LARGEST_ARCHIVED


def _clear(directory: Path) -> None:
    if not directory.exists():
        return
    (directory / protocol.CLAIM_NAME).unlink(missing_ok=True)
    for path in _leftovers(directory):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    if not any(directory.iterdir()):
        directory.rmdir()


def _leftovers(directory: Path) -> list[Path]:
    """Return what a finished run's directory is cleared of."""
    stay = {PAYLOAD_NAME}
    if len(samples(directory)) >= _CURVE:
        stay.add(protocol.SAMPLES_NAME)
    if _too_large(directory):
        stay.update(frames.segment_name(offset) for offset in frames.segments(directory))
    return [path for path in directory.iterdir() if path.name not in stay]
