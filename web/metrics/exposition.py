"""An observation in the two text formats that Prometheus reads."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from prometheus_client import exposition as classic
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

OPENMETRICS = "application/openmetrics-text"

_untyped = cast("dict[str, Callable[..., bytes]]", vars(openmetrics))


@dataclass(frozen=True, slots=True)
class _Found(Collector):
    """Metrics that were taken already, in the place of a registry of the library.

    Its own registry would add what it finds of the process, under names that do not say
    which of our processes is meant.
    """

    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def exposed(families: Iterable[Metric], accept: str) -> tuple[bytes, str]:
    """Return the text and its media type; OpenMetrics for those who accept it."""
    found = _Found(families)
    if OPENMETRICS in accept:
        text = _untyped["generate_latest"](found, version="1.0.0")
        return text, openmetrics.CONTENT_TYPE_LATEST
    return classic.generate_latest(found), classic.CONTENT_TYPE_PLAIN_0_0_4
