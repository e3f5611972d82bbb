"""What the HTTP API tells of a trigger that is not saved yet; see `schemas.api`."""

from pydantic import Field, JsonValue

from schemas.api import Moment, Request, Shape


class Preview(Shape):
    """What a trigger that is not saved would mean."""

    description: str = Field(examples=["at 07:00 every day, Europe/Berlin"])
    next: tuple[str, ...] = Field(
        description="Coming times in the trigger's own time zone, with their offset",
        examples=[["2026-11-25T07:00:00+01:00"]],
    )


class PreviewRequest(Request):
    trigger: dict[str, JsonValue] = Field(
        description="An item of `triggers` as in a `script.yaml`",
        examples=[{"cron": "0 7 * * *", "timezone": "Europe/Berlin"}],
    )
    from_: Moment | None = Field(
        default=None,
        alias="from",
        description="The times after this moment; default now",
        examples=["2026-11-24T12:00:00+01:00"],
    )
    count: int = Field(default=5, ge=1, le=100, description="How many at most")
