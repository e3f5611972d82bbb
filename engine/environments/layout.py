"""Where environments and what belongs to them lie in the data directory.

envs/<key>/             an environment, built under its final name, because
                        its console scripts hold that path
envs/<key>/.ready       written last: without it, nothing uses the directory
envs/<key>/.used        its time is the last use
envs/requests/<hash>    which environment answers a request
envs/logs/<hash>.log    the newest build of a request, readable while it goes
envs/mutex/             locks between processes
envs/work/              an empty place to run uv in
envs/trash/             renamed there first, so that deleting is all or nothing
locks/<hash>.txt        what requirements were resolved to, for one Python
cache/uv/               on the same file system, so that files are linked, not copied
interpreters.json       what is known of the installed Pythons
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.environments.key import request_hash
from engine.model.environment import EnvironmentRequest
from engine.model.identity import EnvironmentKey

READY = ".ready"
USED = ".used"
LOCK = "requirements.lock"

_KEY = re.compile(r"[0-9a-f]{24}(-\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths below one data directory; `data` is absolute and resolved."""

    data: Path

    @property
    def envs(self) -> Path:
        return self.data / "envs"

    @property
    def requests(self) -> Path:
        return self.envs / "requests"

    @property
    def logs(self) -> Path:
        return self.envs / "logs"

    @property
    def trash(self) -> Path:
        return self.envs / "trash"

    @property
    def mutexes(self) -> Path:
        return self.envs / "mutex"

    @property
    def works(self) -> Path:
        return self.envs / "work"

    @property
    def locks(self) -> Path:
        return self.data / "locks"

    @property
    def cache(self) -> Path:
        return self.data / "cache" / "uv"

    @property
    def interpreters(self) -> Path:
        return self.data / "interpreters.json"

    def directories(self) -> tuple[Path, ...]:
        """Return what has to exist before anything is built."""
        return (
            self.requests,
            self.logs,
            self.trash,
            self.mutexes,
            self.works,
            self.locks,
            self.cache,
        )

    def environment(self, key: EnvironmentKey) -> Path:
        return self.envs / key

    def interpreter(self, key: EnvironmentKey) -> Path:
        return self.envs / key / "bin" / "python"

    def record(self, request: EnvironmentRequest) -> Path:
        return self.requests / f"{request_hash(request)}.json"

    def log(self, request: EnvironmentRequest) -> Path:
        return self.logs / f"{request_hash(request)}.log"

    def work(self, request: EnvironmentRequest) -> Path:
        return self.works / request_hash(request)

    def mutex(self, name: str) -> Path:
        """Return the file that a request's or an environment's builder holds locked."""
        return self.mutexes / name.partition("-")[0]

    def lock(self, resolution: str) -> Path:
        return self.locks / f"{resolution}.txt"

    def names(self) -> Iterator[EnvironmentKey]:
        """Give the names of all environment directories, ready or not."""
        for entry in self.envs.iterdir():
            if _KEY.match(entry.name):
                yield EnvironmentKey(entry.name)
