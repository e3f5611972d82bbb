"""Put events into the words of the WebSocket; what many connections send, only once."""

import json
from collections.abc import Iterable

from engine.model.run import Run
from engine.model.status import Output
from schemas.live import (
    EnvironmentEvent,
    ErrorEvent,
    FollowedRun,
    MissedEvent,
    OutputEvent,
    PongEvent,
    RunEvent,
    SubscribedEvent,
)
from web.api.shapes import run_shape
from web.live.pending import Build
from web.live.wishes import Complaint, Follow, Subject
from web.service import Stream


def of_run(run: Run) -> str:
    return RunEvent(run=run_shape(run)).model_dump_json()


def of_output(run_id: str, stream: Stream, part: Output) -> str:
    # Not validated: it is the one event that there may be thousands of in a second.
    return OutputEvent.model_construct(
        type="output",
        run=run_id,
        stream=stream,
        offset=part.offset,
        next_offset=part.next_offset,
        data=part.data.decode(errors="replace"),
        finished=part.finished,
    ).model_dump_json()


def of_build(build: Build) -> str:
    return EnvironmentEvent(
        scripts=tuple(build.scripts),
        python=build.python,
        phase=build.phase,
        lines=tuple(line.encode(errors="replace").decode() for line in build.lines),
        left_out=build.left_out,
    ).model_dump_json()


def of_tree(tree: str | None, changed: Iterable[str] | None, removed: Iterable[str]) -> str:
    """Form a TreeEvent; the state of the tree is in words already, as all share it."""
    scripts = "null" if changed is None else json.dumps(sorted(changed))
    return (
        f'{{"type":"tree","tree":{tree or "null"},"scripts":{scripts},'
        f'"removed":{json.dumps(sorted(removed))}}}'
    )


def of_subscriptions(subjects: list[Subject]) -> str:
    shapes = (
        FollowedRun(run=one.run, offset=one.offset, stream=one.stream)
        if isinstance(one, Follow)
        else one
        for one in subjects
    )
    return SubscribedEvent(subjects=tuple(shapes)).model_dump_json()


def of_complaint(complaint: Complaint) -> str:
    return ErrorEvent(
        code=complaint.code, detail=complaint.detail, subject=complaint.subject
    ).model_dump_json()


def of_ping(ping: str | int | None) -> str:
    return PongEvent(ping=ping).model_dump_json()


MISSED = MissedEvent().model_dump_json()
