"""Slow down those who guess passwords, without keeping anybody out for good.

After some failures each further try must wait, twice as long each time up to a bound.
Failures count for the account from one address, for the address whatever the account, and
for the account whatever the address; the last does not touch an address from which the
account was opened before, so that a crowd of guessers does not keep its owner out. A login
link never waits.

A try counts as failed from its beginning until it succeeds, so that many at once are no way
around. A try that is told to wait counts nothing. Everything is held in memory, and bounded:
whoever pushes a name out with ten thousand others has paid a password check for each.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from web.guards.addresses import neighbourhood

MOST = 10_000
LOOPBACK = ("127.", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Rule:
    free: int
    """Failures that cost nothing."""
    longest: float
    """Seconds that one must wait at most."""

    def pause(self, failures: int) -> float:
        """Return for how long nothing is tried after so many failures, in seconds."""
        over = failures - self.free
        return 0.0 if over < 0 else min(2.0 ** min(over, 30), self.longest)


PAIR = Rule(free=5, longest=60.0)
ADDRESS = Rule(free=30, longest=60.0)
ACCOUNT = Rule(free=30, longest=15.0)
FORGOTTEN_SECONDS = 900.0
"""After which failures count no more."""


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Throttle:
    """`now` is in seconds of a monotonic clock."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._failures: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()
        self._opened: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def wait(self, account: str, address: str, now: float) -> float:
        """Return how many seconds a try must still wait, 0 if it may be made.

        One that may be made counts as a failure until `succeeded` says otherwise.
        """
        rules = self._rules(account.casefold(), neighbourhood(address))
        left = max(self._left(key, rule, now) for key, rule in rules.items())
        if left <= 0:
            for key in rules:
                self._count(key, now)
        return max(left, 0.0)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of an account from this address, and trust it from then on."""
        account, address = account.casefold(), neighbourhood(address)
        # Those of the address stay, less this one: a guesser may have an account of his own.
        self.take_back(account, address)
        self._failures.pop(("pair", account, address), None)
        self._opened[account, address] = None
        self._opened.move_to_end((account, address))
        _bound(self._opened, self._most)

    def take_back(self, account: str, address: str) -> None:
        """Do not count a try that came to nothing."""
        for key in self._rules(account.casefold(), neighbourhood(address)):
            found = self._failures.get(key)
            if found is not None:
                found.count -= 1

    def _rules(self, account: str, address: str) -> dict[tuple[str, ...], Rule]:
        rules: dict[tuple[str, ...], Rule] = {("pair", account, address): PAIR}
        if (account, address) not in self._opened:
            rules["account", account] = ACCOUNT
        if not address.startswith(LOOPBACK):
            # Behind a proxy on this machine everybody comes from there.
            rules["address", address] = ADDRESS
        return rules

    def _left(self, key: tuple[str, ...], rule: Rule, now: float) -> float:
        found = self._failures.get(key)
        if found is None or now - found.last >= FORGOTTEN_SECONDS:
            return 0.0
        return found.last + rule.pause(found.count) - now

    def _count(self, key: tuple[str, ...], now: float) -> None:
        found = self._failures.get(key)
        if found is None or now - found.last >= FORGOTTEN_SECONDS:
            self._failures[key] = _Failures(1, now)
        else:
            found.count += 1
            found.last = now
        self._failures.move_to_end(key)
        _bound(self._failures, self._most)


def _bound(kept: "OrderedDict[tuple[str, ...], Any]", most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
