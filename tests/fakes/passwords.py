"""Passwords that are hashed in no time and for everybody to read."""

from engine.errors import Busy
from engine.service.passwords import Passwords


class FakePasswords(Passwords):
    """`asked` lists what was compared; `busy` refuses more work."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str | None]] = []
        self.busy = False

    async def hash(self, password: str) -> str:
        self._look()
        return f"hash of {password}"

    async def match(self, password: str, hashed: str | None) -> bool:
        self._look()
        self.asked.append((password, hashed))
        return hashed == f"hash of {password}"

    def _look(self) -> None:
        if self.busy:
            raise Busy("too many are logging in")
