"""Carry out what people and programs ask for: run this now, stop that."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import KeyReused, NotFound, Refused
from engine.model.identity import RunId, ScriptId, requested_run_id
from engine.model.run import Cause, Run
from engine.model.script import Script
from engine.model.trigger import UrlTrigger
from engine.ports import Clock, RunStore, Transition
from engine.reconcile.endings import Endings
from engine.reconcile.enqueue import Request, enqueue_request
from engine.reconcile.record import Recorder
from engine.reconcile.state import State
from engine.runs.finish import discard
from engine.runs.places import RunPlaces
from engine.runs.steering import refuse_steering
from engine.service.refusal import refusal
from engine.spec.references import as_literal

_TOKEN = 12
"""Hexadecimal digits that tell runs of the same second apart."""


@dataclass(slots=True)
class _Turn:
    """Held by one of the requests that bear the same idempotency key."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0
    """How many have it or wait for it; none of them may be left with a lock of its own."""


class Requests:
    def __init__(
        self,
        clock: Clock,
        state: State,
        runs: RunStore,
        recorder: Recorder,
        endings: Endings,
        places: RunPlaces,
    ) -> None:
        self._clock = clock
        self._state = state
        self._runs = runs
        self._recorder = recorder
        self._endings = endings
        self._places = places
        self._tokens = _tokens()
        self._turns: dict[tuple[ScriptId, str], _Turn] = {}

    async def execute(
        self,
        script: Script,
        *,
        args: Sequence[str],
        env: Mapping[str, str],
        may_steer: bool,
        requested_by: str,
    ) -> RunId:
        """Queue a run by hand. Raises Refused when the script's overlap rule says no.

        `env` refers to no secrets, whatever it holds: only files do, which an editor wrote.
        Raises Forbidden for a name in it that steers the run, unless the caller may do that.
        """
        if not may_steer:
            refuse_steering(env, dict(script.env))
        return await self._enqueue(
            script,
            Request(
                id=self._new_id(),
                cause=Cause.MANUAL,
                requested_by=requested_by,
                args=tuple(args),
                env={name: as_literal(value) for name, value in env.items()},
            ),
        )

    async def trigger(
        self,
        script: Script,
        *,
        payload: bytes | None,
        requested_by: str,
        idempotency_key: str | None,
        trigger: UrlTrigger | None = None,
    ) -> RunId:
        """Queue a run by the script's URL trigger; the same key gives the same run.

        `trigger` is one of its triggers, the first by default.

        Raises NotFound when the script has no such trigger, Refused, and KeyReused for a key
        that came with another payload before.
        """
        trigger = trigger or next(
            (each for each in script.triggers if isinstance(each, UrlTrigger)), None
        )
        if trigger is None:
            raise NotFound(
                f"{script.id} has no url trigger. Add `- url: true` to its triggers, "
                "or use execute."
            )
        if not (script.enabled and trigger.enabled):
            raise Refused(f"{script.id} is paused: its url trigger does not fire")
        run_id = self._new_id()

        async def enqueue() -> RunId:
            request = Request(
                id=run_id,
                cause=Cause.URL,
                requested_by=requested_by,
                trigger=trigger,
                payload=await self._keep(run_id, payload),
            )
            try:
                return await self._enqueue(script, request, idempotency_key)
            except Refused:
                await self._discard(run_id, payload)
                raise

        if idempotency_key is None:
            return await enqueue()
        run = await self._once((script.id, idempotency_key), enqueue)
        if run != run_id and await asyncio.to_thread(_read, self._places.payload(run)) != payload:
            raise KeyReused(
                f"the idempotency key {idempotency_key!r} came with another payload before, for "
                f"the run {run}; a new request needs a new key"
            )
        return run

    async def _once(
        self, key: tuple[ScriptId, str], enqueue: Callable[[], Awaitable[RunId]]
    ) -> RunId:
        """Return the run of an earlier request with this key, else enqueue one.

        Requests with the same key that come at the same time take turns; one that
        was refused left no run, so the next may try.
        """
        turn = self._turns.setdefault(key, _Turn())
        turn.wanted += 1
        try:
            async with turn.lock:
                known = self._runs.requested(*key)
                return known if known is not None else await enqueue()
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[key]

    def _known(self, run_id: RunId) -> Run | None:
        return self._state.active.get(run_id) or self._runs.run(run_id)

    async def _keep(self, run_id: RunId, payload: bytes | None) -> str | None:
        """Put a POST's body where the run finds it."""
        if payload is None:
            return None
        path = self._places.payload(run_id)
        await asyncio.to_thread(_write, path, payload)
        return str(path)

    async def _discard(self, run_id: RunId, payload: bytes | None) -> None:
        """Remove the body of a request that became no run: nothing else would ever."""
        if payload is not None:
            await asyncio.to_thread(discard, self._places.run(run_id))

    async def _enqueue(self, script: Script, request: Request, key: str | None = None) -> RunId:
        now = self._clock.now()
        active = self._state.active.of(script.id)
        answer = enqueue_request(script, request, active, now)
        if isinstance(answer, str):
            raise Refused(refusal(script, active))
        run, cancels = answer
        keys = {(script.id, key): run.id} if key is not None else {}
        await self._recorder.record(Transition(new_runs=(run,), request_keys=keys))
        self._endings.cancel_all(cancels)
        self._endings.dispatcher.start_what_may()
        return run.id

    def _new_id(self) -> RunId:
        return requested_run_id(self._clock.now(), next(self._tokens))

    def cancel(self, run_id: RunId, requested_by: str) -> None:
        """Ask a run to stop; one that is over is left as it is. Raises NotFound, Unavailable."""
        if self._known(run_id) is None:
            raise NotFound(f"there is no run {run_id!r}")
        self._endings.cancel(run_id, f"cancelled by {requested_by}")


def _tokens() -> Iterator[str]:
    """Yield random tokens; asking the system for many at once holds up no burst of requests."""
    while True:
        noise = secrets.token_hex(_TOKEN // 2 * 256)
        yield from (noise[at : at + _TOKEN] for at in range(0, len(noise), _TOKEN))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, payload: bytes) -> None:
    """Write what may be confidential, for this account alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(payload)
