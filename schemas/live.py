"""What goes over the WebSocket, message by message; each is one JSON object.

As everywhere, keys may be added and none is renamed. What a client sends is described
here too, and read by hand in `web.live.wishes`, so that one wrong subject in a list is
told by itself and the others still count.
"""

from typing import Literal

from pydantic import Field

from schemas.api import Run, Shape
from schemas.api_tree import TreeState

Stream = Literal["all", "stdout", "stderr"]


class FollowedRun(Shape):
    """A run whose state and output are told; where a client only gives its id, `run:<id>`."""

    run: str = Field(examples=["20261124T093000-3f2a9c01d4e5"])
    offset: int = Field(default=0, description="Where the output goes on; `next_offset` of before")
    stream: Stream = "all"


class ClientMessage(Shape):
    """What a client sends; `unsubscribe` is done first."""

    subscribe: tuple[str | FollowedRun, ...] = Field(
        default=(),
        description="`runs`, `run:<id>`, `tree`, `environments`, or an object for a run",
        examples=[["runs", "tree"]],
    )
    unsubscribe: tuple[str | FollowedRun, ...] = ()
    ping: str | int | None = Field(default=None, description="Comes back in a `pong`")


class SubscribedEvent(Shape):
    """Answers each change of subscriptions; what happens from now on is told."""

    type: Literal["subscribed"] = "subscribed"
    subjects: tuple[str | FollowedRun, ...] = Field(
        description="All that this connection is subscribed to, with the offset reached"
    )


class RunEvent(Shape):
    """A run as it is now; of several changes that come quickly only the last is told."""

    type: Literal["run"] = "run"
    run: Run = Field(description="As `GET /api/runs/{run_id}` gives it; `waits_for` is `null`")


class OutputEvent(Shape):
    """A part of a run's output, 64 KB at most; parts follow one another without a gap."""

    type: Literal["output"] = "output"
    run: str
    stream: Stream
    offset: int = Field(description="Of the first byte, both streams counted")
    next_offset: int = Field(description="Subscribe with it to go on here")
    data: str = Field(description="Whole characters; what is not UTF-8 shows as U+FFFD")
    finished: bool = Field(description="The run is over and nothing follows; this was the last")


class TreeEvent(Shape):
    """The tree changed, or scripts in it; also the answer to a subscription, with no scripts."""

    type: Literal["tree"] = "tree"
    tree: TreeState | None = Field(
        description="As `GET /api/tree` gives it; `null` to a key that is for some scripts alone"
    )
    scripts: tuple[str, ...] | None = Field(
        description="Whose definition, problems, environment or status changed; `null`: load all"
    )
    removed: tuple[str, ...]


class EnvironmentEvent(Shape):
    """A build of an environment went on."""

    type: Literal["environment"] = "environment"
    scripts: tuple[str, ...] = Field(description="That will use it")
    python: str | None = Field(description="As it is asked for")
    phase: str = Field(description="`resolve`, `create`, `install`, `ready` or `failed`")
    lines: tuple[str, ...] = Field(description="Of the build's log, new since the last event")
    left_out: int = Field(description="Lines before them that came too quickly for this client")


class MissedEvent(Shape):
    """More happened than was told, because this client read too slowly: load it anew."""

    type: Literal["missed"] = "missed"
    subject: Literal["runs"] = "runs"


class PongEvent(Shape):
    """Answers `ping`."""

    type: Literal["pong"] = "pong"
    ping: str | int | None


class ErrorEvent(Shape):
    """Something of a message could not be done; the connection and all else goes on."""

    type: Literal["error"] = "error"
    code: str
    detail: str
    subject: str | None = Field(description="Of the subscription it is about")
