"""What the HTTP API takes and gives about secrets; the rules of `schemas.api` hold here too.

A value is taken and never given: no answer has a field for it.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr

from schemas.api import Request, Shape

_VALUE = "What runs get; it can be replaced, and is never given out"
_SCRIPTS = "Patterns of the scripts that may have it; empty means all"

Value = Annotated[
    SecretStr,
    Field(
        min_length=1, max_length=100_000, description=_VALUE, json_schema_extra={"writeOnly": True}
    ),
]
Patterns = Annotated[
    list[Annotated[str, Field(max_length=1_000)]],
    Field(max_length=1_000, examples=[["etl/*"]], description=_SCRIPTS),
]


class Secret(Shape):
    """All that is told of a secret."""

    name: str = Field(examples=["DB_PASSWORD"])
    scripts: tuple[str, ...] = Field(examples=[["etl/*"]], description=_SCRIPTS)
    description: str = Field(examples=["The warehouse's reader"])
    created: datetime
    created_by: str = Field(examples=["ada"])
    updated: datetime = Field(description="Of the value, the scripts or the description")
    updated_by: str = Field(examples=["ada"])
    last_used: datetime | None = Field(description="By the start of a run; to the minute")


class SecretList(Shape):
    items: tuple[Secret, ...]
    next_cursor: str | None = None


class CreateSecretRequest(Request):
    name: str = Field(
        max_length=1_000,
        examples=["DB_PASSWORD"],
        description="Capital letters, digits and `_`, beginning with a letter",
    )
    value: Value
    scripts: Patterns = Field(default=[])
    description: str = Field(default="", max_length=1_000)


class ChangeSecretRequest(Request):
    """What is left out, or null, stays as it is."""

    value: Value | None = None
    scripts: Patterns | None = None
    description: str | None = Field(default=None, max_length=1_000)
