"""When the server began, handed from `pysched serve` to each engine that it starts."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime

STARTED_VARIABLE = "PYSCHED_SERVER_STARTED"


def server_started(environ: Mapping[str, str] = os.environ) -> datetime:
    """Return when `pysched serve` began; engine restarts do not change it."""
    text = environ.get(STARTED_VARIABLE)
    # Without a runner above, this process is the server.
    return datetime.fromisoformat(text) if text else datetime.now(UTC)  # noqa: TID251
