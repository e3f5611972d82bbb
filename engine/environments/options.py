"""What the settings say about environments."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOptions:
    """The section `environments` of `pysched.yaml`, as this folder needs it."""

    python_paths: tuple[Path, ...] = ()
    """Further places to look for Pythons: a file, an installation, or a directory of them."""
    index_url: str | None = None
    """Stands in for the usual package index."""
    offline: bool = False
    """Whether uv may only use its cache."""
    allow_options: bool = False
    """Whether requirements may hold options, other files and local paths."""
    concurrent_builds: int = 1
    build_timeout: timedelta = timedelta(minutes=10)
    """Of one build, waiting for another process that builds the same included."""
    keep: timedelta = timedelta(days=14)
    """How long an environment that nothing uses is kept."""
    compile_bytecode: bool = True
