"""What an editor asks the completer and what it gets, as lines of JSON; pure.

The completer is another process, so what comes back is checked as if a stranger had sent it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from engine.errors import InvalidInput
from engine.model.completion import Completion, Completions

MOST = 200
"""Items of an answer."""
LONGEST_TEXT = 300
"""Characters of a label or a detail."""
LONGEST_ANSWER = 1_000_000
"""Bytes of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Where in which text somebody types."""

    text: str
    line: int
    """From 1."""
    column: int
    """From 1, in characters: that of the character behind the cursor."""
    path: str
    """Absolute path of the file, which may not exist."""
    directory: str
    """Absolute path of the script's directory, whose modules are found."""
    packages: tuple[str, ...]
    """Directories with the packages of the script's environment."""
    version: str
    """Of the script's Python, such as `3.12.1`."""


class BadAnswer(Exception):
    """The completer answered with something else."""


@dataclass(frozen=True, slots=True)
class Answer:
    completions: Completions
    memory: int
    """Bytes that the completer holds."""


def question_line(question: Question) -> bytes:
    return json.dumps(asdict(question)).encode()


def read_answer(line: bytes) -> Answer:
    """Read a line of the completer.

    Raises InvalidInput when the question has no answer, BadAnswer for what is none.
    """
    try:
        said = json.loads(line)
        if "refused" in said:
            raise InvalidInput(str(said["refused"]))
        items = tuple(_completion(item) for item in said["items"][:MOST])
        note = None if said["note"] is None else _text(said["note"])
        memory = int(said["memory"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadAnswer(f"{type(error).__name__}: {error}") from error
    return Answer(Completions(items=items, note=note), memory)


def _completion(item: object) -> Completion:
    said = cast("Mapping[str, Any]", item)
    return Completion(
        label=_text(said["label"]),
        kind=_text(said["kind"]),
        detail=_text(said["detail"]),
        insert=_text(said["insert"]),
        replaces=int(said["replaces"]),
    )


def _text(said: object) -> str:
    """Return text of a bounded length that can be sent on."""
    return str(said)[:LONGEST_TEXT].encode(errors="replace").decode()
