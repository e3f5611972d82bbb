"""A HookStore in memory."""

from collections.abc import Sequence

from engine.errors import NotFound
from engine.model.hook import Hook


class FakeHookStore:
    def __init__(self) -> None:
        self.kept: dict[str, Hook] = {}

    def all(self) -> Sequence[Hook]:
        return [self.kept[script] for script in sorted(self.kept)]

    def find(self, digest: bytes) -> Hook | None:
        return next((hook for hook in self.kept.values() if hook.digest == digest), None)

    async def put(self, hook: Hook) -> None:
        self.kept[hook.script] = hook

    async def remove(self, script: str) -> None:
        if self.kept.pop(script, None) is None:
            raise NotFound(f"{script} has no hook")
