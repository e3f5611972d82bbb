"""The help for editors as the web sees it: what a test puts in comes out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.model.completion import Completions
from engine.model.tree import Problem


@dataclass
class FakeAssistance:
    """Tells what a test put in; `asked` lists the questions, in order."""

    problems: list[Problem] = field(default_factory=list)
    completions: Completions = field(default_factory=lambda: Completions(items=()))
    refusal: Exception | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def check(
        self, script: str | None, path: str, text: str, *, asker: str
    ) -> Sequence[Problem]:
        self._ask("check", script, path, text, asker)
        return self.problems

    async def complete(
        self, script: str, path: str, text: str, at: tuple[int, int], *, asker: str
    ) -> Completions:
        self._ask("complete", script, path, text, at, asker)
        return self.completions

    def _ask(self, *what: object) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append(what)
