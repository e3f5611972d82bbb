"""What the HTTP API takes and gives about hooks and the audit log."""

from datetime import datetime

from pydantic import Field

from schemas.api import Shape


class AuditEntry(Shape):
    """One change, or one attempt that was denied."""

    at: datetime
    who: str = Field(
        examples=["nightly-import"], description="Empty when nobody was known, as with a wrong key"
    )
    kind: str = Field(
        examples=["key"], description="What `who` is: `key`, `user`, `hook`, `cli`, or empty"
    )
    address: str = Field(examples=["192.0.2.7"], description="Empty for a command on the machine")
    action: str = Field(examples=["POST /api/scripts/{script_id}/execute", "pysched key add"])
    parameters: dict[str, str] = Field(
        examples=[{"script_id": "etl/load"}],
        description="Names and ids; never bodies, secrets or tokens",
    )
    status: int = Field(examples=[202], description="HTTP status of the answer; 0 for a command")
    code: str = Field(examples=[""], description="Code of the failure, empty for none")
    request_id: str = Field(
        examples=["3f2a9c01-1b"], description="As in the answer's header X-Request-ID"
    )
    count: int = Field(
        examples=[1], description="Attempts that this entry stands for; many denied ones are one"
    )


class AuditList(Shape):
    items: tuple[AuditEntry, ...]
    next_cursor: str | None = None


class Hook(Shape):
    """A secret address that fires one script's url trigger."""

    script: str = Field(examples=["etl/load"])
    created: datetime


class NewHook(Hook):
    token: str = Field(description="Never shown again")
    path: str = Field(examples=["/hooks/VcYd…"], description="What to call, with GET or POST")


class HookList(Shape):
    items: tuple[Hook, ...]
    next_cursor: str | None = None
