"""What the HTTP API tells of environments; see `schemas.api`."""

from datetime import datetime

from pydantic import Field

from schemas.api import Environment, Shape


class Package(Shape):
    name: str = Field(examples=["requests"])
    version: str = Field(description="Or the address it was installed from", examples=["2.32.3"])


class EnvironmentDetails(Environment):
    """All that is known of the environment of a script."""

    building: bool = Field(description="A build goes on; runs use `key` until it is over")
    lock: str | None = Field(description="Hash of the pinned requirements")
    lock_text: str | None = Field(description="The pinned requirements, without passwords")
    packages: tuple[Package, ...]
    build_log: str = Field(description="The end of the log of the newest build, 64 KiB at most")
    built_at: datetime | None
    size_bytes: int | None = Field(description="Of its files, shared ones included")
    used_by: tuple[str, ...] = Field(
        description="Scripts with the same environment", examples=[["api-calls/weather-api"]]
    )


class RebuildStarted(Shape):
    """The build goes on in the background; the environment tells how it ends."""

    scripts: tuple[str, ...] = Field(
        description="Those that will use the new environment",
        examples=[["api-calls/weather-api"]],
    )
