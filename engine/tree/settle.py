"""Decide from timestamps whether a file may have changed again since it was read.

File systems stamp a change with the time of the last clock tick, so two writes
within one tick look like one: this is git's "racy index". And an editor that
writes in place leaves the file empty or half for a moment. Both end by
themselves, so the answer to both is to look again a little later. Pure.

What counts is the time at which the look began. On a busy machine much of it may
pass before the answer is wanted, and what was read half written has not become
whole by that.
"""

RACY_NS = 20_000_000
"""Two ticks of the slowest usual kernel clock (100 a second)."""

SETTLE_NS = 100_000_000
"""How long ago the last change must be for the files to count as completely written."""

SETTLE_EMPTY_NS = 500_000_000
"""The same where one of the files that define a script is empty: hardly ever what is meant."""


def is_racy(changed_ns: int, began_ns: int, now_ns: int) -> bool:
    """Tell whether a change at `changed_ns` could hide a later one with the same stamp."""
    return _within(changed_ns, began_ns, now_ns, RACY_NS)


def is_settling(changed_ns: int, began_ns: int, now_ns: int, *, empty: bool = False) -> bool:
    """Tell whether a change at `changed_ns` is so new that the writer may still have been at it.

    `empty` says that a file that defines a script is there and empty.
    """
    return _within(changed_ns, began_ns, now_ns, SETTLE_EMPTY_NS if empty else SETTLE_NS)


def _within(changed_ns: int, began_ns: int, now_ns: int, window: int) -> bool:
    # Stamps far in the future come from a clock that was set back. They would
    # otherwise stay "new" for as long as the clock is behind.
    return began_ns - window < changed_ns < now_ns + window
