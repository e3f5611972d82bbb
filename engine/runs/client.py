"""The engine's end of the runner's socket: the Launcher port over JSON lines.

Operations are written at once, on the caller's thread and without waiting, because the
time from "due" to "started" is what users see. Their results come as events. Nothing is
kept to be sent later: what was asked of a connection that broke may or may not have
been done, and only the list that the next connection begins with tells (see `recover`).

The connection is made again whenever it breaks, quickly at first, since a runner that
was just started needs some milliseconds to listen.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from engine.errors import InvalidInput, Unavailable
from engine.failpoint import reached
from engine.model.identity import RunId
from engine.ports import RunnerEvent, RunnerLost, StartRequest, StartTurnedDown
from engine.runner import protocol
from engine.runs import wire
from engine.runs.link import Link, open_link

logger = logging.getLogger(__name__)

FIRST_DELAY: Final = 0.01
LONGEST_DELAY: Final = 1.0
ANSWER_WITHIN: Final = 5.0
"""Seconds in which a runner has to answer a new connection; it takes one millisecond."""
STEADY: Final = 1.0
"""Seconds a connection must have lasted for the next attempt to be quick again; without
this, two engines that take the runner from one another would do so hundreds of times a
second."""

GATHER: Final = 0.02
"""Seconds from an acknowledgement until it is sent; the runner waits far longer for it."""

StopMode = Literal["leave", "cancel"]


def next_delay(delay: float, *, lasted: float) -> float:
    """Return the seconds to wait before the next attempt, after one that `lasted` so long.

    `delay` is what was waited before that one, 0 at first.
    """
    if not delay or lasted > STEADY:
        return FIRST_DELAY
    return min(delay * 2, LONGEST_DELAY)


class RunnerClient:
    """Keeps a connection to the runner that listens in a data directory.

    To be used on one event loop. `open` starts connecting, `close` ends it; the runner
    and its runs go on.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._receivers: list[Callable[[RunnerEvent], None]] = []
        self._link: Link | None = None
        self._hello: protocol.HelloEvent | None = None
        self._connected = asyncio.Event()
        self._listed = False
        self._acknowledged: list[RunId] = []
        self._problem = f"the runner at {socket} was not asked yet"
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The runner's process; None as long as it never answered."""
        return self._hello["pid"] if self._hello else None

    @property
    def capabilities(self) -> Mapping[str, str]:
        """How each limit is enforced here, such as `{"memory": "sampled"}`; empty until known."""
        return self._hello["capabilities"] if self._hello else {}

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def open(self) -> None:
        """Start connecting, and go on for as long as the client is open."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._stay_connected())

    async def wait_connected(self, timeout: float) -> None:  # noqa: ASYNC109 - the error tells why
        """Wait until the runner answered. Raises Unavailable, saying why, when it does not."""
        try:
            await asyncio.wait_for(self._connected.wait(), timeout)
        except TimeoutError:
            raise Unavailable(self._problem) from None

    async def close(self) -> None:
        """Let go of the runner; no event comes afterwards, unless it is opened again."""
        self._tell_acknowledged()
        task, self._task = self._task, None
        self._connected.clear()
        self._problem = f"the connection to the runner at {self._socket} was closed"
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def subscribe(self, receive: Callable[[RunnerEvent], None]) -> None:
        self._receivers.append(receive)

    def start(self, request: StartRequest) -> None:
        if not self._listed:
            # It would be in no list and on the disk as claimed, which reads as lost.
            raise Unavailable(self._problem)
        if request.mask and not (self._hello and self._hello.get("masks")):
            raise InvalidInput(
                "the runner is of an older version that would let secrets be seen in the output. "
                "Stop the server and start it again; runs that go on are not lost with "
                "`--on-stop leave`."
            )
        reached("recorded")
        self._send(wire.start(request))
        reached("start_sent")

    def cancel(self, run_id: RunId, reason: str) -> None:
        self._send({"op": "kill", "id": run_id, "reason": reason})

    def refresh(self) -> None:
        """Ask for the list again; until it is there, `start` raises Unavailable.

        Raises Unavailable without a connection.
        """
        self._send({"op": "list"})
        self._listed = False
        self._problem = f"the runner at {self._socket} is being asked what it knows"

    def acknowledge(self, run_ids: Sequence[RunId]) -> None:
        """Let the runner forget ended runs; without a connection the next list names them again.

        Told within GATHER seconds, or with the next operation.
        """
        if self.connected and run_ids:
            if not self._acknowledged:
                asyncio.get_running_loop().call_later(GATHER, self._tell_acknowledged)
            self._acknowledged += run_ids

    def _tell_acknowledged(self) -> None:
        run_ids, self._acknowledged = self._acknowledged, []
        if self._link is not None and self.connected and run_ids:
            self._link.send({"op": "ack", "ids": list(run_ids)})

    def stop(self, mode: StopMode) -> None:
        """Ask the runner to end: `cancel` ends all runs first, `leave` waits for them.

        Raises Unavailable without a connection.
        """
        self._send({"op": "stop", "mode": mode})

    def _send(self, operation: protocol.Operation) -> None:
        if self._link is None or not self.connected:
            raise Unavailable(self._problem)
        self._tell_acknowledged()
        self._link.send(operation)

    async def _stay_connected(self) -> None:
        delay = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._one_connection()
            except (OSError, ValueError) as error:
                self._problem = f"the runner at {self._socket} cannot be used: {error}"
            delay = next_delay(delay, lasted=clock() - began)
            await asyncio.sleep(delay)

    async def _one_connection(self) -> None:
        link = await open_link(self._socket, self._receive)
        timer = asyncio.get_running_loop().call_later(ANSWER_WITHIN, self._give_up, link)
        try:
            link.send({"op": "hello", "version": protocol.VERSION})
            await link.ended
            self._problem = f"the connection to the runner at {self._socket} broke"
        finally:
            timer.cancel()
            link.close()
            self._link = None
            self._listed = False
            if self.connected:
                self._connected.clear()
                self._tell(RunnerLost())

    def _give_up(self, link: Link) -> None:
        if not self.connected:
            link.fail(TimeoutError(f"no answer within {ANSWER_WITHIN:g} s"))

    def _receive(self, link: Link, event: protocol.Event) -> None:
        """Take one event. Raises ValueError for one that ends the connection."""
        if event["event"] == "hello":
            self._hello = wire.hello(event)
            link.send({"op": "list"})
        elif event["event"] == "list":
            self._link = link
            self._connected.set()
            self._listed = True
            self._tell(wire.connected(event, self._hello["boot"] if self._hello else ""))
        elif event["event"] == "error":
            logger.warning("the runner reports an error", extra={"runner_error": dict(event)})
            if "id" in event and self.connected:
                self._tell(StartTurnedDown(id=RunId(event["id"])))
        elif self.connected:
            # What comes before the list is in the list as well.
            self._forward(event)

    def _forward(self, event: protocol.Event) -> None:
        if event["event"] == "exit":
            reached("exit_received")
        translated = wire.run_event(event)
        if translated is None:
            logger.debug("unknown event", extra={"runner_event": event["event"]})
        else:
            self._tell(translated)

    def _tell(self, event: RunnerEvent) -> None:
        for receive in tuple(self._receivers):
            try:
                receive(event)
            except Exception:
                # One receiver's mistake must not cut the line to the runner.
                logger.exception("a receiver failed", extra={"runner_event": event})
