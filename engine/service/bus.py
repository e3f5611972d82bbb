"""Tell those who listen what happened; one that fails hurts nobody else."""

import logging
from collections.abc import Callable

from engine.model.event import Event, Listener

logger = logging.getLogger(__name__)


class Bus:
    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called on the event loop for every event; returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                logger.exception("a listener failed", extra={"event": type(event).__name__})
