"""The account with which the first person comes in: made when a server finds no user at all."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.model.account import Role
from engine.model.session import SECRET_BYTES, issue_link
from engine.model.user import FIRST_ADMIN, GENERATED_BYTES, generated_password, new_user
from engine.ports import SessionStore, UserStore
from engine.service.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Welcome:
    """What is told once of an account that was just made, and kept nowhere."""

    name: str
    password: str | None
    """None where nobody could be told."""
    link: str | None
    """Secret of a login link; None likewise."""


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Makes the account; a start that finds a user does no more than look."""

    users: UserStore
    sessions: SessionStore
    passwords: Passwords
    now: Callable[[], datetime]

    async def welcome(self, given: str | None, *, told: bool) -> Welcome | None:
        """Make the account and return what its owner must learn; None when that is nothing.

        There is nothing to do where there are users, and nothing to tell when `given`, the
        operator's own password, is used. Without it a password and a link are made if they
        can be `told`; if not, only a link from the command line opens the account.
        Raises EngineError when nothing can be written.
        """
        if self.users.all():
            return None
        made = generated_password(secrets.token_bytes(GENERATED_BYTES)) if told else None
        chosen = given or made
        hashed = await self.passwords.hash(chosen) if chosen else None
        user = new_user(name=FIRST_ADMIN, role=Role.ADMIN, password=hashed, now=self.now())
        if not await self.users.add_first(user) or given:
            return None
        if not told:
            return Welcome(user.name, None, None)
        link, secret = issue_link(
            user=user.name, now=self.now(), randomness=secrets.token_bytes(SECRET_BYTES)
        )
        await self.sessions.invite(link)
        return Welcome(user.name, made, secret)
