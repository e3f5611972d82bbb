"""What the HTTP API takes and gives about accounts; the rules of `schemas.api` hold here too."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from schemas.api import Request, Shape


class ApiKey(Shape):
    """A key of a program; the secret is shown once, when it is made."""

    id: str = Field(examples=["3f2a9c01d4e5"])
    name: str
    prefix: str = Field(
        examples=["pysched_3f2a9c01d4e5_"], description="How the secret begins, to recognise it"
    )
    role: str = Field(description="`viewer`, `operator`, `editor` or `admin`")
    scripts: tuple[str, ...] = Field(
        examples=[["etl/*"]], description="Patterns of the scripts it is for; empty means all"
    )
    created: datetime
    expires: datetime | None
    last_used: datetime | None = Field(description="To the minute")


class NewApiKey(ApiKey):
    secret: str = Field(description="What to send in `X-API-Key`; never shown again")


class ApiKeyList(Shape):
    items: tuple[ApiKey, ...]
    next_cursor: str | None = None


class Me(Shape):
    """Whoever the presented key belongs to."""

    name: str = Field(examples=["nightly-import"])
    role: str = Field(description="`viewer`, `operator`, `editor` or `admin`")
    scripts: tuple[str, ...] = Field(
        examples=[["etl/*"]], description="Patterns of the scripts it is for; empty means all"
    )


class CreateKeyRequest(Request):
    name: str = Field(max_length=1_000, examples=["nightly-import"])
    role: str = Field(default="operator", max_length=100)
    scripts: list[Annotated[str, Field(max_length=1_000)]] = Field(
        default=[], max_length=1_000, examples=[["etl/*"]]
    )
    expires: AwareDatetime | None = Field(default=None, examples=["2027-11-24T00:00:00Z"])
