"""What lets callers in that have no account of their own, and the account of who came."""

from collections.abc import Sequence

from engine.errors import NotFound
from engine.model.account import digest_of
from engine.model.hook import LONGEST_TOKEN, SHORTEST_TOKEN, Hook
from engine.model.identity import RunId, ScriptId
from engine.model.script import Script
from engine.model.trigger import UrlTrigger
from engine.ports import HookStore
from engine.service.audit import AuditTrail
from engine.service.compose import Composition


class Entrances:
    """The part of Engine that is about hooks and the audit log; the parts are its own."""

    _all: Composition

    @property
    def audit(self) -> AuditTrail:
        return self._all.audit

    def hooks(self) -> Sequence[Hook]:
        """Return every hook that was given out, in order of script."""
        return self._hooks.all()

    async def put_hook(self, hook: Hook) -> None:
        """Keep a hook. Raises NotFound when its script has no url trigger that takes one."""
        script = self._script(hook.script)
        if script is None or _hook_trigger(script) is None:
            raise NotFound(
                f"{hook.script} has no url trigger that takes a hook. "
                "Add `- url: {token: true}` to its triggers."
            )
        await self._hooks.put(hook)

    async def remove_hook(self, script_id: str) -> None:
        """Close a script's hook. Raises NotFound."""
        await self._hooks.remove(script_id)

    def hooked(self, token: str) -> str | None:
        """Return the script that the token fires, None when it fires none.

        Both ways cost one look into an index of hashes, so time tells nothing of tokens.
        """
        if not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
            return None
        hook = self._hooks.find(digest_of(token.encode()))
        script = self._script(hook.script) if hook else None
        if script is None or _hook_trigger(script) is None:
            return None
        return script.id

    async def trigger_by_hook(
        self,
        script_id: str,
        *,
        payload: bytes | None = None,
        idempotency_key: str | None = None,
    ) -> RunId:
        """Fire the url trigger that takes a hook. Raises NotFound and Refused."""
        script = self._script(script_id)
        trigger = _hook_trigger(script) if script else None
        if script is None or trigger is None:
            raise NotFound(f"{script_id} has no url trigger that takes a hook")
        return await self._all.requests.trigger(
            script,
            payload=payload,
            requested_by="hook",
            idempotency_key=idempotency_key,
            trigger=trigger,
        )

    @property
    def _hooks(self) -> HookStore:
        return self._all.stores.hooks

    def _script(self, script_id: str) -> Script | None:
        in_force = self._all.state.scripts.get(ScriptId(script_id))
        return in_force.script if in_force else None


def _hook_trigger(script: Script) -> UrlTrigger | None:
    return next(
        (each for each in script.triggers if isinstance(each, UrlTrigger) and each.token), None
    )
