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
    """Whoever asks: a user, or whoever the presented key belongs to."""

    name: str = Field(examples=["nightly-import"])
    role: str = Field(description="`viewer`, `operator`, `editor` or `admin`")
    scripts: tuple[str, ...] = Field(
        examples=[["etl/*"]], description="Patterns of the scripts it is for; empty means all"
    )
    kind: str = Field(description="`user` or `key`")
    theme: str | None = Field(description="`system`, `light` or `dark`; null for a key")
    timezone: str | None = Field(description="IANA name; null: that of the browser")
    has_password: bool | None = Field(
        description="false: only a login link opens the account; null for a key"
    )


class User(Shape):
    """An account of a person."""

    name: str = Field(examples=["ada"])
    role: str = Field(description="`viewer`, `operator`, `editor` or `admin`")
    theme: str = Field(description="`system`, `light` or `dark`")
    timezone: str | None = Field(
        examples=["Europe/Berlin"], description="IANA name; null: that of the browser"
    )
    created: datetime
    last_login: datetime | None
    disabled: bool = Field(description="true: nothing lets this user in")
    has_password: bool = Field(description="false: only a login link opens the account")


class UserList(Shape):
    items: tuple[User, ...]
    next_cursor: str | None = None


class Session(Shape):
    """A browser in which the user is logged in."""

    id: str = Field(examples=["3f2a9c01d4e5"])
    created: datetime
    last_used: datetime = Field(description="To the minute")
    expires: datetime = Field(description="When it is over, if it is not used any more")
    agent: str = Field(description="What the browser called itself at the login")
    address: str = Field(examples=["203.0.113.7"], description="From where the login came")
    current: bool = Field(description="true: the one that asks")


class SessionList(Shape):
    items: tuple[Session, ...]
    next_cursor: str | None = None


class LoginLink(Shape):
    """Logs a user in once."""

    url: str = Field(
        examples=["https://pysched.example.com/login?token=Zk0…"],
        description="Shown this once; a newer link replaces it",
    )
    expires: datetime


class LoginRequest(Request):
    """Name and password, or the token of a login link."""

    username: str | None = Field(default=None, max_length=1_000, examples=["ada"])
    password: str | None = Field(default=None, max_length=10_000)
    token: str | None = Field(default=None, max_length=1_000)


class ChangeMeRequest(Request):
    """What is left out stays as it is."""

    theme: str | None = Field(default=None, max_length=100, examples=["dark"])
    timezone: str | None = Field(
        default=None,
        max_length=200,
        examples=["Europe/Berlin"],
        description="IANA name; empty: that of the browser",
    )
    password: str | None = Field(
        default=None, max_length=10_000, description="A new one; ends the user's other sessions"
    )
    old_password: str | None = Field(
        default=None, max_length=10_000, description="Needed for a new one, if there is an old one"
    )


class CreateUserRequest(Request):
    name: str = Field(max_length=1_000, examples=["ada"])
    role: str = Field(default="viewer", max_length=100)
    password: str | None = Field(
        default=None,
        max_length=10_000,
        description="Without one, a login link opens the account alone",
    )


class ChangeUserRequest(Request):
    """What is left out stays as it is. A new role or password, or `disabled`, ends all sessions."""

    role: str | None = Field(default=None, max_length=100)
    password: str | None = Field(default=None, max_length=10_000)
    disabled: bool | None = Field(default=None)


class CreateKeyRequest(Request):
    name: str = Field(max_length=1_000, examples=["nightly-import"])
    role: str = Field(default="operator", max_length=100)
    scripts: list[Annotated[str, Field(max_length=1_000)]] = Field(
        default=[], max_length=1_000, examples=[["etl/*"]]
    )
    expires: AwareDatetime | None = Field(default=None, examples=["2027-11-24T00:00:00Z"])
