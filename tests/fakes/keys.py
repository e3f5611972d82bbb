"""A KeyStore in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from engine.errors import NameTaken, NotFound
from engine.model.account import ApiKey


class FakeKeyStore:
    """`reads` counts how often the keys were read."""

    def __init__(self) -> None:
        self.kept: dict[str, ApiKey] = {}
        self.reads = 0
        self.uses: list[tuple[str, datetime]] = []
        self.failure: Exception | None = None
        """Raised when a use is noted."""

    def all(self) -> Sequence[ApiKey]:
        self.reads += 1
        return sorted(self.kept.values(), key=lambda key: key.name)

    async def add(self, key: ApiKey) -> None:
        if any(key.name == other.name for other in self.kept.values()):
            raise NameTaken(f"there is a key named {key.name!r} already")
        self.kept[key.id] = key

    async def remove(self, key_id: str) -> None:
        if self.kept.pop(key_id, None) is None:
            raise NotFound(f"there is no key {key_id!r}")

    async def used(self, key_id: str, at: datetime) -> None:
        if self.failure:
            raise self.failure
        self.uses.append((key_id, at))
        key = self.kept.get(key_id)
        if key and (key.last_used is None or key.last_used < at):
            self.kept[key_id] = replace(key, last_used=at)
