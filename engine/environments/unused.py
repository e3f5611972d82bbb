"""Decide which environments are no longer needed.

One is kept as long as a script in force or a live run names it, and for a while
after its last use: a change that is taken back finds its environment again, and
a run that is started by another process in this moment is not robbed of it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model.identity import EnvironmentKey


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUse:
    key: EnvironmentKey
    at: datetime


def unused(
    environments: Iterable[LastUse],
    in_use: Collection[EnvironmentKey],
    *,
    now: datetime,
    keep: timedelta,
) -> Iterator[EnvironmentKey]:
    """Give the environments to delete: named by nobody, and not used for longer than `keep`."""
    for environment in environments:
        if environment.key not in in_use and now - environment.at > keep:
            yield environment.key
