"""What the HTTP API takes and gives about notifications; the rules of `schemas.api` hold here."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.api import Request, Shape

State = Literal["waiting", "delivered", "failed"]


class Notification(Shape):
    """One notice on its way to one target."""

    id: int
    event: str = Field(
        examples=["failure"],
        description="`success`, `failure`, `recovery`, `missed` or `long_running`",
    )
    script: str | None
    run_id: str | None
    subject: str = Field(examples=["[pysched] Weather API failed: exit 3"])
    target: str = Field(
        examples=["ops@example.com", "slack://…"],
        description="A URL without its secret parts, which is most of it",
    )
    state: State = Field(description="`failed`: given up, it is not tried again")
    attempts: int
    error: str | None = Field(description="What the last attempt was told, in the server's words")
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None


class NotificationList(Shape):
    items: tuple[Notification, ...]
    next_cursor: str | None = None


class TestRequest(Request):
    """Exactly one of the two keys is to be given."""

    script: str | None = Field(
        default=None,
        max_length=1_000,
        examples=["etl/load"],
        description="All of this script's targets are told",
    )
    to: str | None = Field(
        default=None,
        max_length=4_000,
        examples=["ops@example.com"],
        description="A mail address or an Apprise URL",
    )


class TestedTarget(Shape):
    target: str
    delivered: bool
    detail: str | None = Field(description="Why not, in the words of the other side")


class TestAnswer(Shape):
    items: tuple[TestedTarget, ...]
