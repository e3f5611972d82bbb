"""How often one caller may do a thing: sliding windows of a minute, in bounded memory.

Of each caller two numbers are kept: how often in this minute, and in the one before, which
counts less the longer ago it is. That is a moving window without a list of all requests: it
costs a microsecond and the same memory for a caller who asks once and one who asks all day.
Callers beyond MOST_CALLERS push out those who have not been seen for longest.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import cast

from fastapi import Request

from web.errors import HttpProblem

WINDOW = 60.0
"""Seconds."""
MOST_CALLERS = 10_000
"""Of each kind of limit: about 2 MB, whoever asks."""


@dataclass(slots=True)
class _Count:
    window: int
    """Number of the minute that `now` counts."""
    now: int = 0
    before: int = 0


class Rate:
    """At most so many a minute of each caller. Time is an argument: seconds, never going back."""

    def __init__(self, most: int) -> None:
        """`most` of 0 is no bound."""
        self._most = most
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def take(self, caller: str, now: float) -> int:
        """Count one more; returns 0, or after how many seconds it may be tried again.

        What is refused is not counted, so a caller who goes on asking is not kept out for ever.
        """
        wait = self.wait(caller, now)
        if not wait and self._most:
            self._count(caller, now).now += 1
        return wait

    def wait(self, caller: str, now: float) -> int:
        """Return after how many whole seconds one more would be let through; 0 for at once."""
        if not self._most or caller not in self._counts:
            return 0
        count = self._count(caller, now)
        return ceil(_seconds_left(count.before, count.now, now % WINDOW / WINDOW, self._most))

    def __len__(self) -> int:
        return len(self._counts)

    def _count(self, caller: str, now: float) -> _Count:
        window = int(now // WINDOW)
        count = self._counts.get(caller)
        if count is None:
            if len(self._counts) >= MOST_CALLERS:
                self._counts.popitem(last=False)
            count = self._counts[caller] = _Count(window)
            return count
        self._counts.move_to_end(caller)
        if count.window != window:
            count.before = count.now if count.window == window - 1 else 0
            count.window, count.now = window, 0
        return count


def _seconds_left(before: int, now: int, gone: float, most: int) -> float:
    """Return how long until one more fits: `before * (1 - gone) + now + 1 <= most`.

    `gone` is the part of the present minute that is over.
    """
    if before * (1 - gone) + now + 1 <= most:
        return 0.0
    if now + 1 <= most:
        return (1 - (most - now - 1) / before - gone) * WINDOW
    # Not in this minute; in the next one what is `now` here has become `before`.
    return (1 - gone + max(0.0, 1 - (most - 1) / now)) * WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Most of each kind a minute; 0 for no bound."""

    api: int = 0
    trigger: int = 0
    login: int = 0
    failed_keys: int = 0


class Rates:
    """All limits of a server."""

    def __init__(self, limits: Limits) -> None:
        self.api = Rate(limits.api)
        self.trigger = Rate(limits.trigger)
        self.login = Rate(limits.login)
        self.failed_keys = Rate(limits.failed_keys)


def too_many(seconds: int, what: str) -> HttpProblem:
    """Form the refusal of one more; `what` is such as `requests by this account`."""
    return HttpProblem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_requests",
        f"too many {what} within a minute; try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )


def hold_to_trigger_rate(request: Request, caller: str, script_id: str) -> None:
    """Count a trigger of a script by a caller. Raises a 429 problem for one too many."""
    rates = cast("Rates", request.app.state.rates)
    wait = rates.trigger.take(f"{caller} {script_id}", asyncio.get_running_loop().time())
    if wait:
        raise too_many(wait, f"triggers of {script_id}")
