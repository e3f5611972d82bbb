"""The audit log's words: who changed what from where, and what came of it.

An entry holds names and ids, never what was sent: bodies, secrets and tokens are not the
log's to keep.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

DENIED = frozenset({401, 403, 421, 429})
"""Status codes of attempts that were turned away at the door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change, or one attempt at it or at looking that was denied."""

    at: datetime
    who: str = ""
    """Name of the account; empty when nobody was known."""
    kind: str = ""
    """What the account is: `key`, `user`, `hook` or `cli`; empty when nobody was known."""
    address: str = ""
    """Where the request came from; empty for a command on the machine itself."""
    action: str
    """Method and route, such as `POST /api/keys`, or a command, such as `pysched key add`."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the route was asked about, such as `script_id`; `script_id` can be filtered by."""
    status: int = 0
    """The HTTP status; 0 for a command, which is on record when it was done."""
    code: str = ""
    """The stable code of a failure."""
    request_id: str = ""
    """As in the header X-Request-ID of the answer."""
    count: int = 1
    """How many attempts of the same kind this entry stands for."""

    @property
    def denied(self) -> bool:
        return self.status in DENIED

    @property
    def is_gathered(self) -> bool:
        """Say whether many of these must not become as many rows.

        Whoever has no account may fail as often as he likes, and whoever is denied costs us
        nothing but the row.
        """
        return self.denied or (self.status >= 400 and not self.who)  # noqa: PLR2004


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries a list shows; None means any."""

    who: str | None = None
    action: str | None = None
    """Text that the action contains, such as `DELETE` or `/api/keys`."""
    script: str | None = None
    since: datetime | None = None
    until: datetime | None = None
