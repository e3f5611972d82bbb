"""Sections of `pysched.yaml` about what the server says of runs and of itself."""

from typing import Literal

from pydantic import BaseModel, Field

from schemas.fields import STRICT


class StatisticsSettings(BaseModel):
    """What runs add up to, by script and day."""

    model_config = STRICT

    keep_days: int = Field(
        default=400,
        ge=1,
        le=36_500,
        description="Days that are told of by /api/stats, however few runs are kept.",
    )


class MetricsSettings(BaseModel):
    """What `/metrics` tells Prometheus."""

    model_config = STRICT

    public: bool = Field(default=False, description="true: tell it without a key.")
    per_script: bool = Field(
        default=False,
        description="true: count ends of runs for each script apart; a time series for each "
        "script and status.",
    )


class LogSettings(BaseModel):
    """What the server says about itself."""

    model_config = STRICT

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important messages that are shown."
    )
    format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for log collectors."
    )
