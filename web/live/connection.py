"""One client of the WebSocket: what it is subscribed to, and what it is sent when.

It pulls: notes of what happened are taken at once and cost next to nothing, and what is
sent is looked up when the client can take it, so that its pace is nobody else's. Of a
run's output only the offset is kept. The runs that it follows take turns, part by part.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from engine.errors import EngineError, NotFound
from engine.model.event import BuildChanged
from engine.model.identity import RunId
from engine.model.run import Run
from engine.model.status import Output
from web.live import words
from web.live.hub import Hub
from web.live.news import Change
from web.live.pending import Pending
from web.live.told import Told
from web.live.wishes import TOPICS, Complaint, Follow, Subject, Wishes, no_run
from web.permissions import Principal
from web.service import Service, Stream

MOST_FOLLOWED: Final = 64
"""Runs, of one connection."""

_Place = tuple[RunId, Stream]


class Connection:
    def __init__(
        self,
        hub: Hub,
        engine: Service,
        principal: Principal,
        send: Callable[[str], Awaitable[None]],
        still_valid: Callable[[], Awaitable[bool]],
    ) -> None:
        self.principal = principal
        self.expired = asyncio.Event()
        """Set when whoever is connected may be so no longer."""
        self._hub = hub
        self._engine = engine
        self._send = send
        self._still_valid = still_valid
        self._topics: set[str] = set()
        self._follows: dict[_Place, Follow] = {}
        self._ready: dict[_Place, None] = {}
        """Those with output that may be there to be read, in turn."""
        self._ends_told: set[RunId] = set()
        """Of the runs that are followed, those whose end is told or in `pending`."""
        self._pending = Pending()
        self._wake = asyncio.Event()

    # What the client asks for

    async def answer(self, wishes: Wishes) -> None:
        """Do what a message asks for, and say so; returns when the client took the answer."""
        complaints = [*wishes.complaints]
        for subject in wishes.unsubscribe:
            self._unsubscribe(subject)
        for subject in wishes.subscribe:
            complaint = self._subscribe(subject)
            if complaint is not None:
                complaints.append(complaint)
        for complaint in complaints:
            await self._send(words.of_complaint(complaint))
        if wishes.changes:
            await self._send(words.of_subscriptions(self._subjects()))
        for ping in wishes.pings:
            await self._send(words.of_ping(ping))
        # Last, so that the answer comes before what it is the answer for.
        self._wake.set()

    def _subjects(self) -> list[Subject]:
        return [*(topic for topic in TOPICS if topic in self._topics), *self._follows.values()]

    def _subscribe(self, subject: Subject) -> Complaint | None:
        if isinstance(subject, Follow):
            return self._follow(subject)
        self._topics.add(subject)
        if subject == "tree":
            self._pending.tree(Change())
        return None

    def _follow(self, follow: Follow) -> Complaint | None:
        place = (RunId(follow.run), follow.stream)
        if place not in self._follows and len(self._follows) >= MOST_FOLLOWED:
            detail = f"{MOST_FOLLOWED} runs can be followed at once over one connection"
            return Complaint("too_many_subscriptions", detail, follow.name)
        try:
            run = self._engine.run(follow.run)
        except NotFound:
            return no_run(follow.run)
        except EngineError as error:
            return Complaint(error.code, str(error), follow.name)
        if not self.principal.may_see(run.script):
            return no_run(follow.run)
        self._follows[place] = follow
        self._ready[place] = None
        self._note_run(run, Told(lambda: words.of_run(run)))
        self._hub.follow(run.id, self)
        return None

    def _unsubscribe(self, subject: Subject) -> None:
        if isinstance(subject, Follow):
            self._unfollow((RunId(subject.run), subject.stream))
        else:
            self._topics.discard(subject)
            self._pending.forget(subject, self._followed)

    def _unfollow(self, place: _Place) -> None:
        self._follows.pop(place, None)
        self._ready.pop(place, None)
        if place[0] not in self._followed:
            self._ends_told.discard(place[0])
            self._hub.unfollow(place[0], self)

    @property
    def _followed(self) -> set[RunId]:
        return {run_id for run_id, _ in self._follows}

    # What happens

    def hear_run(self, run: Run, told: Told) -> None:
        follows = [place for place in self._follows if place[0] == run.id]
        if ("runs" in self._topics and self.principal.may_see(run.script)) or follows:
            self._note_run(run, told)
            self._ready |= dict.fromkeys(follows)
            self._wake.set()

    def _note_run(self, run: Run, told: Told) -> None:
        self._pending.run(run.id, told)
        if run.status.final and run.id in self._followed:
            self._ends_told.add(run.id)

    def hear_output(self, run_id: RunId) -> None:
        self._ready |= dict.fromkeys(place for place in self._follows if place[0] == run_id)
        self._wake.set()

    def hear_build(self, event: BuildChanged) -> None:
        if "environments" in self._topics:
            scripts = [script for script in event.scripts if self.principal.may_see(script)]
            if scripts or not self.principal.scripts:
                self._pending.build(event, scripts)
                self._wake.set()

    def hear_change(self, change: Change) -> None:
        if "tree" not in self._topics:
            return
        seen = self.principal.may_see
        if self.principal.scripts:
            change = Change(
                frozenset(filter(seen, change.changed)), frozenset(filter(seen, change.removed))
            )
        if change.changed or change.removed or not self.principal.scripts:
            self._pending.tree(change)
            self._wake.set()

    async def check(self) -> None:
        if not await self._still_valid():
            self.expired.set()

    # What the client is sent

    async def tell(self) -> None:
        """Send what there is to send, for as long as the client is there."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._tell_states()
            while self._ready:
                place = next(iter(self._ready))
                del self._ready[place]
                await self._tell_output(place)
                await self._tell_states()
                # A client that is as fast as we are must not keep the others from their turn.
                await asyncio.sleep(0)
            await asyncio.sleep(self._hub.rest)

    async def _tell_states(self) -> None:
        pending = self._pending
        if pending.missed_runs:
            pending.missed_runs = False
            await self._send(words.MISSED)
        while pending.runs:
            told = pending.runs.pop(next(iter(pending.runs)))
            await self._send(told.text)
        while pending.builds:
            build = pending.builds.pop(next(iter(pending.builds)))
            await self._send(words.of_build(build))
        if pending.scripts is not None:
            scripts, pending.scripts = pending.scripts, None
            tree = None if self.principal.scripts else self._hub.tree()
            await self._send(words.of_tree(tree, scripts.changed, scripts.removed))

    async def _tell_output(self, place: _Place) -> None:
        follow = self._follows.get(place)
        if follow is None:
            return
        try:
            part = await self._engine.output_piece(
                follow.run, offset=follow.offset, stream=follow.stream
            )
        except EngineError as error:
            if self._follows.get(place) is follow:
                self._unfollow(place)
                await self._send(words.of_complaint(Complaint(error.code, str(error), follow.name)))
            return
        # While it was read, the client may have asked for another offset, or for nothing more.
        if self._follows.get(place) is follow:
            await self._tell_part(place, follow, part)

    async def _tell_part(self, place: _Place, follow: Follow, part: Output) -> None:
        self._follows[place] = follow._replace(offset=part.next_offset)
        if part.finished:
            # So that nobody who is told of the end of the output still thinks that the run goes on.
            if place[0] not in self._ends_told:
                run = self._engine.run(follow.run)
                self._pending.run(run.id, Told(lambda: words.of_run(run)))
            self._unfollow(place)
            await self._tell_states()
        elif part.data:
            self._ready[place] = None
        if part.finished or part.data:
            await self._send(words.of_output(follow.run, follow.stream, part))
