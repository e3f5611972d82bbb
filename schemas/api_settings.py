"""What the HTTP API tells of the settings in force; the rules of `schemas.api` hold here too."""

from typing import Annotated, Any

from pydantic import Field

from schemas.api import Request, Shape

SettingValue = bool | int | float | Annotated[str, Field(max_length=10_000)] | None


class Setting(Shape):
    """One setting and where its value comes from."""

    key: str = Field(examples=["server.port"])
    value: Any = Field(
        description="As `pysched.yaml` would have it; of a secret, `***` if it is set",
        examples=[8000],
    )
    next_value: Any = Field(
        description="What holds after a restart: another one if the file was changed",
        examples=[8000],
    )
    default: Any = Field(description="What holds where nothing is said", examples=[8000])
    source: str = Field(description="`default`, `file`, `environment` or `command line`")
    given_by: str | None = Field(
        description="The file, variable or option; null for a default",
        examples=["pysched.yaml"],
    )
    description: str


class SettingList(Shape):
    """All settings, in the order of `pysched.yaml.example`."""

    items: tuple[Setting, ...]
    next_cursor: None = None
    restart_needed: bool = Field(description="Some have another `next_value`")
    mistakes: str | None = Field(
        description="Why the server would not start with what the file says by now"
    )


class ChangeSettings(Request):
    """Keys as `GET /api/settings` has them; values as `pysched.yaml` would have them."""

    values: dict[str, SettingValue | list[SettingValue]] = Field(
        default={}, max_length=500, examples=[{"runs.max_concurrent": 8, "log.level": "debug"}]
    )
    reset: list[str] = Field(
        default=[],
        max_length=500,
        examples=[["server.port"]],
        description="Keys to take out of the file, so that the default holds",
    )


class SettingsChanged(Shape):
    """What became of it. Nothing of `pysched.yaml` takes effect before the next start."""

    written: tuple[str, ...] = Field(
        description="Keys that are other than before in the file", examples=[["log.level"]]
    )
    restart_needed: bool = Field(description="Another value will be in force after a restart")
    overridden: dict[str, str] = Field(
        description="Keys that the file does not decide, with the variable or option that does",
        examples=[{"server.port": "--port"}],
    )
