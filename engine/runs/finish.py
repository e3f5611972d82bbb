"""Put the output of a finished run into the archive and clear its directory.

The order survives a crash at any point: the archive is written first, then the claim
goes, then the rest. A directory with a claim is archived again, from frames that are
all still there; one without is only cleared further. So this may begin once the run's
final status is on record, and not before: without its claim nothing but the record
keeps the run from being started again.

What stays are the samples, if they make a curve, and the payload, which a retry or
a replay reads again. The output of a run that was allowed to write more than
LARGEST_ARCHIVED stays in its frame files, claim and all, where it reads the same.
"""

import asyncio
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from engine.errors import EngineError, Unavailable
from engine.failpoint import reached
from engine.model.identity import RunId
from engine.ports import OutputArchive
from engine.runner import frames, protocol
from engine.runs import output
from engine.runs.places import PAYLOAD_NAME, RunPlaces
from engine.runs.samples import samples
from engine.runs.spares import Leaving, sweep

T = TypeVar("T")

LARGEST_ARCHIVED: Final = 64_000_000
"""Bytes; archiving as many takes a second or two."""
LARGEST_HELD: Final = 1_000_000
"""Bytes; archiving takes about three times as much memory for a moment, so more go in pieces."""
_CURVE: Final = 2
"""Samples that make a curve rather than a point."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What of a run goes into the archive."""

    packed: bytes
    """Empty when there is no output, it is archived, or it is to stay where it is."""
    text: str
    large: Path | None = None
    """The directory to read instead of `packed`, of which there is too much for the memory."""


async def finish(run_id: RunId, directory: Path, archive: OutputArchive) -> None:
    """Archive and clear one run whose final status is on record; may be repeated.

    Raises Unavailable when the disk refuses; nothing is lost then.
    """
    failures = await finish_all({run_id: directory}, archive)
    for error in failures.values():
        raise error


async def finish_all(
    runs: Mapping[RunId, Path], archive: OutputArchive
) -> Mapping[RunId, EngineError]:
    """Archive and clear runs as one group; returns the failures of those that keep their files."""
    reached("acknowledged")
    found, failures = await asyncio.to_thread(_of_each, to_archive, runs)
    kept = await asyncio.gather(*(_keep(run_id, each, archive) for run_id, each in found.items()))
    failures |= {run_id: error for run_id, error in zip(found, kept, strict=True) if error}
    reached("output_kept")
    archived = {run_id: runs[run_id] for run_id in found if run_id not in failures}
    clearing = partial(clear, leaving=Leaving())
    _, uncleared = await asyncio.to_thread(_of_each, clearing, archived)
    reached("output_cleared")
    return failures | uncleared


def _of_each(
    what: Callable[[Path], T], runs: Mapping[RunId, Path]
) -> tuple[dict[RunId, T], dict[RunId, EngineError]]:
    """Do something for each run; one that fails is no reason to leave out the others."""
    results: dict[RunId, T] = {}
    failures: dict[RunId, EngineError] = {}
    for run_id, directory in runs.items():
        try:
            results[run_id] = what(directory)
        except EngineError as error:
            failures[run_id] = error
    return results, failures


async def _keep(run_id: RunId, found: Finished, archive: OutputArchive) -> EngineError | None:
    try:
        if found.large is not None:
            await archive.keep_large(run_id, _in_pieces(found.large), found.text)
        elif found.packed:
            await archive.keep(run_id, found.packed, found.text)
    except EngineError as error:
        return error
    return None


def to_archive(directory: Path) -> Finished:
    """Read what a finished run leaves for the archive. Blocking; raises Unavailable."""
    with _explained(directory, "archived and cleared"):
        size = _size(_listed(directory))
        if not (directory / protocol.CLAIM_NAME).exists() or size > LARGEST_ARCHIVED:
            return Finished(b"", "")
        if size > LARGEST_HELD:
            return Finished(b"", output.searchable(directory), directory)
        packed = frames.pack(frames.read_frames(directory))
        return Finished(packed, output.searchable(packed))


def _in_pieces(directory: Path) -> Iterator[bytes]:
    """Yield what `packed` would be. Blocking; raises Unavailable."""
    reader = frames.FrameReader(directory)
    with _explained(directory, "archived"), closing(reader):
        while batch := reader.read():
            yield frames.pack(batch)


def clear(directory: Path, leaving: Leaving) -> None:
    """Remove what need not stay of a run that is archived. Blocking; raises Unavailable."""
    with _explained(directory, "cleared"):
        paths = _listed(directory)
        leftovers = _leftovers(paths)
        if _is_usual(paths, leftovers) and leaving.leave(directory):
            return
        # Segments by their names, the claim first among them.
        for path in sorted(leftovers, key=lambda path: (path.name != protocol.CLAIM_NAME, path)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if len(leftovers) == len(paths) and directory.exists():
            directory.rmdir()


def _is_usual(paths: Sequence[Path], leftovers: Sequence[Path]) -> bool:
    """Say whether nothing but a claim, with all the output in its file, is there and may go."""
    return [path.name for path in paths] == [protocol.CLAIM_NAME] and len(leftovers) == 1


def unfinished(places: RunPlaces) -> list[RunId]:
    """Return the runs, oldest first, whose directories hold what `finish` would archive or clear.

    Queued and running ones are among them: the caller knows which are final. Blocking.
    """
    sweep(places)
    return [run_id for run_id in places.existing() if _leftovers(_listed(places.run(run_id)))]


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


def _listed(directory: Path) -> list[Path]:
    """Return what is in a run's directory; nothing if it is gone."""
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _leftovers(paths: Sequence[Path]) -> list[Path]:
    """Return what a finished run's directory, which holds `paths`, is cleared of."""
    large = _size(paths) > LARGEST_ARCHIVED
    return [path for path in paths if not _stays(path, large=large)]


def _stays(path: Path, *, large: bool) -> bool:
    if path.name == protocol.SAMPLES_NAME:
        return len(samples(path.parent)) >= _CURVE
    return path.name == PAYLOAD_NAME or (large and frames.is_segment(path.name))


def _size(paths: Sequence[Path]) -> int:
    """Return how many bytes the segments among the files take."""
    size = 0
    for path in paths:
        if frames.is_segment(path.name):
            # A run that is still going may drop a segment under this look.
            with suppress(FileNotFoundError):
                size += path.stat().st_size
    return size
