"""What environment a script asks for, from requirements.txt or inline metadata."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from engine.document.mistake import Mistake
from engine.document.place import Position
from engine.document.read import Document
from engine.model.tree import Problem
from engine.spec.files import REQUIREMENTS_FILE, ScriptFiles
from engine.spec.inline import read_inline_metadata
from engine.spec.requirements import normalise, read_requirements, refusals, why_refused


class Needs(NamedTuple):
    """What a script's files say it needs."""

    requirements: str = ""
    requires_python: str | None = None
    problems: tuple[Problem, ...] = ()


def read_needs(files: ScriptFiles, main: str, *, allow_options: bool) -> Needs:
    """Read what a script needs; inline metadata counts only without a requirements.txt."""
    if files.requirements is not None:
        return _from_requirements(files, allow_options=allow_options)
    source = files.main_source(main)
    metadata = read_inline_metadata(source) if source else None
    if metadata is None:
        return Needs()
    path = files.path(main)
    if isinstance(metadata, Mistake):
        return Needs(problems=(problem_of(path, metadata),))
    refused = () if allow_options else _refused(path, metadata.position, metadata.dependencies)
    return Needs(normalise(metadata.dependencies), metadata.requires_python, tuple(refused))


def _from_requirements(files: ScriptFiles, *, allow_options: bool) -> Needs:
    text, unreadable, refused = _digest(files.requirements or b"")
    mistakes = unreadable if allow_options else (*unreadable, *refused)
    path = files.path(REQUIREMENTS_FILE)
    return Needs(text, None, tuple(problem_of(path, mistake) for mistake in mistakes))


# Scripts beside one another often have the same requirements.
@lru_cache(maxsize=256)
def _digest(source: bytes) -> tuple[str, tuple[Mistake, ...], tuple[Mistake, ...]]:
    lines, unreadable = read_requirements(source)
    return (
        normalise(line.text for line in lines),
        (unreadable,) if unreadable else (),
        tuple(refusals(lines)),
    )


def _refused(path: str, position: Position, dependencies: tuple[str, ...]) -> Iterator[Problem]:
    for dependency in dependencies:
        reason = why_refused(dependency)
        if reason:
            yield problem_of(path, Mistake(position, "requirement_option", reason))
            # They share one place, where one message is shown.
            return


def problem_of(path: str, mistake: Mistake) -> Problem:
    """Make a mistake the problem of a file."""
    return Document(path, b"").problem_at(*mistake)
