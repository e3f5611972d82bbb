"""What the HTTP API tells of the settings in force; the rules of `schemas.api` hold here too."""

from typing import Any

from pydantic import Field

from schemas.api import Shape


class Setting(Shape):
    """One setting and where its value comes from."""

    key: str = Field(examples=["server.port"])
    value: Any = Field(
        description="As `pysched.yaml` would have it; of a secret, `***` if it is set",
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
