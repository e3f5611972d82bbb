"""Section `sessions` of `pysched.yaml`; see `schemas.settings`."""

from datetime import timedelta

from pydantic import BaseModel, Field

from schemas.fields import STRICT, PositiveDuration


class SessionSettings(BaseModel):
    """How long a login lasts."""

    model_config = STRICT

    idle: PositiveDuration = Field(
        default=timedelta(days=7), description="A session that is not used for so long is over."
    )
    lifetime: PositiveDuration = Field(
        default=timedelta(days=30), description="From the login on, however much it is used."
    )
