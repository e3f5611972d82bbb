"""Section `notifications` of `pysched.yaml`; see `schemas.settings`."""

from typing import Literal

from pydantic import BaseModel, Field

from schemas.fields import STRICT, Event, Text


class NotificationSettings(BaseModel):
    """How people are told of what scripts do."""

    model_config = STRICT

    to: list[Text] = Field(
        default_factory=list[Text],
        description="Mail addresses and Apprise URLs told of all scripts that name nobody.",
    )
    when: list[Event] | None = Field(
        default=None,
        min_length=1,
        description="Events that are told of scripts that name none; null: failure, recovery.",
    )
    smtp_server: Text | None = Field(
        default=None, description="Mail server; without it no mail is sent."
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["auto", "starttls", "tls", "none"] = Field(
        default="auto",
        description="auto: tls on port 465, else starttls where it is offered, "
        "and no password without either.",
    )
    smtp_username: Text | None = Field(default=None, description="Account on the mail server.")
    from_email: Text | None = Field(
        default=None, description="Sender of mails; null: smtp_username, else pysched@<host>."
    )
    allow_private: bool = Field(
        default=False,
        description="true: URLs in manifests may reach private and loopback addresses.",
    )
    allowed_hosts: list[Text] = Field(
        default_factory=list[Text],
        description="Hosts that URLs in manifests may reach though their addresses are private.",
    )
