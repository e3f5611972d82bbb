"""Where runs keep their files in the data directory, derived from ids alone."""

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import NotFound
from engine.model.identity import RunId, ScriptId

PAYLOAD_NAME = "payload"
"""In a run's directory: the body of the POST that asked for the run."""

_RUN_ID = re.compile(r"(\d{6})\d\dT\d{6}-[0-9a-f]+\Z")


@dataclass(frozen=True, slots=True)
class RunPlaces:
    """Paths below the data directory; nothing is created here."""

    data: Path
    """Absolute: the runner and the runs have other working directories."""

    def __post_init__(self) -> None:
        if not self.data.is_absolute():
            raise ValueError(f"the data directory must be an absolute path, not {self.data}")

    def run(self, run_id: RunId) -> Path:
        """Return a run's directory, `runs/<YYYYMM>/<run id>`; a month keeps listings short.

        Raises NotFound for a text that is no run id, such as one that climbs out of `runs`.
        """
        match = _RUN_ID.match(run_id)
        if match is None:
            raise NotFound(f"{run_id!r} is no run id: they look like 20261124T093000-3f2a9c01d4e5.")
        return self.data / "runs" / match[1] / run_id

    def existing(self) -> list[RunId]:
        """Return the runs that have a directory, oldest first. Blocking."""
        names = [path.name for path in (self.data / "runs").glob("*/*/")]
        return [RunId(name) for name in sorted(names) if _RUN_ID.match(name)]

    def payload(self, run_id: RunId) -> Path:
        return self.run(run_id) / PAYLOAD_NAME

    def state(self, script: ScriptId) -> Path:
        """Return the directory of a script that outlasts its runs (PYSCHED_STATE_DIR)."""
        return self.data / "state" / script
