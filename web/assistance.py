"""What the web asks of the help for editors, as a protocol; a part of `web.service`."""

from collections.abc import Sequence
from typing import Protocol

from engine.model.completion import Completions
from engine.model.tree import Problem


class Assistance(Protocol):
    """Help for whoever edits; `asker` is the name of who asks."""

    async def check(
        self, script: str | None, path: str, text: str, *, asker: str
    ) -> Sequence[Problem]:
        """Tell what would be wrong if a text were saved; no script: a path from the tree's root.

        Raises InvalidInput, Superseded, Unavailable.
        """
        ...

    async def complete(
        self, script: str, path: str, text: str, at: tuple[int, int], *, asker: str
    ) -> Completions:
        """Tell how Python text may go on at a line and column. Raises as `check` does."""
        ...
