"""Decide when a delivery that failed is tried again, and when it is given up. Pure."""

from datetime import datetime, timedelta

FIRST = timedelta(seconds=5)
FACTOR = 3
LONGEST = timedelta(hours=1)
GIVE_UP = timedelta(hours=24)
"""After so long nobody is told any more: a notice of yesterday misleads."""


def next_try(attempts: int, noticed_at: datetime, now: datetime) -> datetime | None:
    """Return when to try again after so many attempts; None to give up.

    After 5 s, 15 s, 45 s … up to an hour, for a day after the notice was made.
    """
    if now - noticed_at >= GIVE_UP:
        return None
    # A bounded exponent, so that no number of attempts is too large for a timedelta.
    return now + min(FIRST * FACTOR ** min(attempts - 1, 10), LONGEST)
