"""What a run that is over has written is read where nothing else waits."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from engine.model.run import RunStatus
from engine.runs.output import Slice
from engine.service.engine import Engine
from tests.fakes.engine import a_run
from tests.fakes.reconciled import on_a_loop


@on_a_loop
async def test_an_archived_output_is_not_unpacked_on_the_loop(monkeypatch: pytest.MonkeyPatch):
    used: list[threading.Thread] = []

    def look(_: str, reader: Callable[[Any], Slice]) -> Slice:
        used.append(threading.current_thread())
        return reader(b"")

    bus, files = SimpleNamespace(subscribe=lambda _: None), SimpleNamespace(look=look)
    parts: Any = SimpleNamespace(bus=bus, files=files)
    engine = Engine(parts)
    monkeypatch.setattr(engine, "run", lambda _: a_run(status=RunStatus.SUCCESS))

    assert (await engine.output("one")).finished
    assert used
    assert threading.current_thread() not in used
