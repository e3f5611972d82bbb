"""How Python text may go on where somebody types."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One way to go on."""

    label: str
    kind: str
    """`module`, `class`, `instance`, `function`, `param`, `path`, `keyword`, `property` or
    `statement`."""
    detail: str
    """Such as `def dumps`; empty where finding out would take too long."""
    insert: str
    """What to put in the place of the `replaces` characters before the cursor."""
    replaces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    items: tuple[Completion, ...]
    note: str | None = None
    """Why some may be missing."""
