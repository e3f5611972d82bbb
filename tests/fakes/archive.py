"""An OutputArchive in memory."""

from collections.abc import Iterable, Iterator, Sequence

from engine.errors import InvalidInput
from engine.model.identity import RunId


class FakeArchive:
    def __init__(self) -> None:
        self.kept: dict[RunId, bytes] = {}
        self.texts: dict[RunId, str] = {}

    async def keep(self, run_id: RunId, frames: bytes, text: str) -> None:
        if run_id not in self.kept:
            self.kept[run_id] = frames
            self.texts[run_id] = text

    async def keep_large(self, run_id: RunId, pieces: Iterable[bytes], text: str) -> None:
        await self.keep(run_id, b"".join(pieces), text)

    def pieces(self, run_id: RunId) -> Iterator[bytes] | None:
        found = self.frames(run_id)
        return None if found is None else iter([found])

    def frames(self, run_id: RunId) -> bytes | None:
        return self.kept.get(run_id)

    async def delete(self, run_ids: Sequence[RunId]) -> None:
        for run_id in run_ids:
            self.kept.pop(run_id, None)
            # The place stays taken, as positions are never used again.
            if run_id in self.texts:
                self.texts[run_id] = ""

    def matches(
        self, words: str, *, before: int | None, limit: int
    ) -> tuple[Sequence[tuple[int, RunId]], int | None]:
        wanted = words.casefold().split()
        if not any(letter.isalnum() for letter in words):
            raise InvalidInput(f"search for {words!r}: it needs at least one letter or digit")
        numbered = [
            (position, run_id)
            for position, (run_id, text) in enumerate(self.texts.items(), start=1)
            if before is None or position < before
            if all(self._occurs(word, text.casefold()) for word in wanted)
        ]
        page = numbered[::-1][:limit]
        return page, page[-1][0] if len(page) == limit else None

    def search(self, words: str, *, limit: int) -> Sequence[RunId]:
        return [run_id for _, run_id in self.matches(words, before=None, limit=limit)[0]]

    @staticmethod
    def _occurs(word: str, text: str) -> bool:
        """Say if a whole word is there; one with punctuation may also be part of others."""
        if not word.isalnum():
            beginning = word.endswith("*")
            return (
                any(part.startswith(word[:-1]) for part in text.split())
                if beginning
                else word in text
            )
        parted = "".join(letter if letter.isalnum() else " " for letter in text)
        return word in parted.split()
