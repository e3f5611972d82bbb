"""What may be wrong with the text of a file, as its reader tells it.

Apart from the reader, whose library takes 20 ms to import: a start that finds all files
unchanged reads none of them.
"""

from typing import NamedTuple

from engine.document.place import Position

DEEPEST = 40
"""How deep lists and mappings may be nested."""


class Mistake(NamedTuple):
    """Something that is YAML and not allowed here."""

    position: Position
    code: str
    message: str


class NotYaml(Exception):
    """The text cannot be read on; `said` are the reader's own words."""

    def __init__(self, said: str, position: Position, begin: Position) -> None:
        super().__init__(said)
        self.said = said
        self.position = position
        self.begin = begin
        """Where the thing that could not be finished begins."""
