"""Every connection of the WebSocket, and the one listener to the engine behind them.

An event goes to those whom it concerns, who only take a note of it. While nobody is
connected nothing is listened to, and nothing done.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Protocol

from engine.model.event import BuildChanged, Event, OutputGrew, RunChanged, RunnerChanged
from engine.model.identity import RunId
from engine.model.run import Run
from web.api.shapes import tree_shape
from web.live import words
from web.live.news import Change, ScriptNews
from web.live.told import Told
from web.permissions import Principal
from web.service import Service

MOST_CONNECTIONS: Final = 500
"""Leaves room among the 1,024 files that a process may have open where nobody raised that."""
MOST_OF_ONE: Final = 300
"""Connections with one key, or of one user."""
CHECK_SECONDS: Final = 2.0
"""After which a connection whose key or session holds no longer is found."""
SHORTEST_REST: Final = 0.01
LONGEST_REST: Final = 0.1
REST_FOR_EACH: Final = 0.0005


class Member(Protocol):
    """A connection, as the hub knows it."""

    @property
    def principal(self) -> Principal: ...

    def hear_run(self, run: Run, told: Told) -> None: ...

    def hear_output(self, run_id: RunId) -> None: ...

    def hear_build(self, event: BuildChanged) -> None: ...

    def hear_change(self, change: Change) -> None: ...

    async def check(self) -> None:
        """End if whoever is connected may be so no longer."""
        ...


class Hub:
    def __init__(self, engine: Service) -> None:
        self._engine = engine
        self._members: dict[Member, None] = {}
        self._by_name: Counter[str] = Counter()
        self._followers: dict[RunId, dict[Member, None]] = {}
        self._news = ScriptNews()
        self._tree: str | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._guard: asyncio.Task[None] | None = None

    @property
    def rest(self) -> float:
        """Seconds between two looks of one connection at what is new.

        All connections together look a limited number of times in a second; what comes in
        between is told together.
        """
        return min(max(SHORTEST_REST, len(self._members) * REST_FOR_EACH), LONGEST_REST)

    def refusal(self, principal: Principal) -> str | None:
        """Say why one more connection cannot be had; None when it can."""
        if len(self._members) >= MOST_CONNECTIONS:
            return f"the server has {MOST_CONNECTIONS} connections already"
        if self._by_name[principal.name] >= MOST_OF_ONE:
            return f"{MOST_OF_ONE} connections are open already with this login"
        return None

    def join(self, member: Member) -> None:
        self._members[member] = None
        self._by_name[member.principal.name] += 1
        if self._unsubscribe is None:
            self._news = ScriptNews()
            self._tree = None
            self._unsubscribe = self._engine.subscribe(self._hear)
        if self._guard is None or self._guard.done():
            self._guard = asyncio.create_task(self._keep_checking())

    def leave(self, member: Member) -> None:
        del self._members[member]
        self._by_name[member.principal.name] -= 1
        if not self._by_name[member.principal.name]:
            del self._by_name[member.principal.name]
        for run_id in [one for one, them in self._followers.items() if member in them]:
            self.unfollow(run_id, member)
        if not self._members and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def follow(self, run_id: RunId, member: Member) -> None:
        """Have a connection told when a run writes."""
        self._followers.setdefault(run_id, {})[member] = None

    def unfollow(self, run_id: RunId, member: Member) -> None:
        followers = self._followers.get(run_id, {})
        followers.pop(member, None)
        if not followers:
            self._followers.pop(run_id, None)

    def tree(self) -> str:
        """Return the state of the tree in words, the same ones until something changes."""
        if self._tree is None:
            self._tree = tree_shape(self._engine.tree()).model_dump_json()
        return self._tree

    def _hear(self, event: Event) -> None:
        match event:
            case OutputGrew(sizes=sizes):
                self._hear_output(sizes.keys() & self._followers.keys())
            case RunChanged(run=run):
                told = Told(partial(words.of_run, run))
                for member in self._members:
                    member.hear_run(run, told)
            case BuildChanged():
                for member in self._members:
                    member.hear_build(event)
            case RunnerChanged(connected=True):
                # What was written while nobody could tell of it.
                self._hear_output(self._followers)
            case _:
                pass
        self._hear_change(self._news.of(event))

    def _hear_output(self, run_ids: Iterable[RunId]) -> None:
        for run_id in run_ids:
            for member in self._followers[run_id]:
                member.hear_output(run_id)

    def _hear_change(self, change: Change | None) -> None:
        if change is not None:
            self._tree = None
            for member in self._members:
                member.hear_change(change)

    async def _keep_checking(self) -> None:
        while self._members:
            await asyncio.sleep(CHECK_SECONDS)
            for member in tuple(self._members):
                await member.check()
