"""Decide when a run has taken too much, from figures that others measured.

Limits are enforced by sampling because that works everywhere: cgroups need rights
that a container seldom grants, and RLIMIT_AS and RLIMIT_NPROC bound other things
than a process tree (they refuse threads, and count all of a user's processes).
"""

_FASTEST = 0.02
_FAST = 0.1
_SLOW = 1.0
_COST_SHARE = 50
"""A look may take one part in this many of the time, so a crowded machine is looked at less."""
_BURST = 0.2
"""Seconds of unused CPU budget that are not lost."""


def next_look(*, limited: bool, urgent: bool, cost: float) -> float:
    """Return the seconds to the next sample after one that took `cost` seconds of CPU time."""
    wanted = _FASTEST if urgent else _FAST if limited else _SLOW
    if urgent:
        return wanted
    return min(max(wanted, cost * _COST_SHARE), _SLOW)


def nears(used: int, before: int, limit: int | None) -> bool:
    """Say whether memory that goes on growing like this passes the limit within two samples."""
    return limit is not None and used > before > 0 and used + 2 * (used - before) > limit


class CpuBudget:
    """Doles out CPU time: a tree that is ahead of its cores stands still until it is not."""

    def __init__(self, cores: float, now: float) -> None:
        self._cores = cores
        self._now = now
        self._used_ms = 0.0
        self._credit_ms = cores * _BURST * 1000

    def overdrawn(self, now: float, used_ms: float) -> bool:
        """Say whether the tree has to stand still, given all the CPU time it has used."""
        earned = (now - self._now) * 1000 * self._cores
        spent = max(0.0, used_ms - self._used_ms)
        self._credit_ms = min(self._credit_ms + earned - spent, self._cores * _BURST * 1000)
        self._now, self._used_ms = now, max(used_ms, self._used_ms)
        return self._credit_ms < 0


def memory_text(limit: int, peak: int) -> str:
    """Say limit and peak in the unit that the limit was given in: `limit 512 MB, peak 530 MB`."""
    unit, name = (1 << 20, "MiB") if limit % (1 << 20) == 0 else (1_000_000, "MB")
    return f"limit {_count(limit, unit)} {name}, peak {_count(peak, unit)} {name}"


def _count(size: int, unit: int) -> str:
    return f"{size / unit:.1f}".removesuffix(".0") if size < 10 * unit else f"{size / unit:.0f}"
