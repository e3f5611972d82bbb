"""Who logs in, and with what: the one place where a password or a login link is checked."""

import math
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from engine.errors import Busy
from engine.model.account import digest_of
from engine.model.session import ID_BYTES, SECRET_BYTES, Lifetime, Session, open_session
from engine.model.user import LONGEST_PASSWORD, User
from engine.ports import Clock
from engine.service.passwords import Passwords
from web.auth.basic import Credentials, Remembered
from web.auth.sessions import OpenSessions
from web.auth.throttle import Throttle
from web.errors import HttpProblem
from web.permissions import Principal, Via
from web.service import Service

WRONG_PASSWORD = "name or password is wrong"  # noqa: S105
WRONG_LINK = (
    "this login link was used already, is over, or was replaced; "
    "`pysched user link NAME` makes a new one"
)


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody logs in."""

    agent: str
    address: str


class Accounts:
    """The users of a server as its door sees them."""

    def __init__(
        self,
        engine: Service,
        clock: Clock,
        lifetime: Lifetime,
        *,
        public: Collection[str] = (),
        passwords: Passwords | None = None,
    ) -> None:
        """`public`: addresses of this server, see `web.origin`."""
        self._engine = engine
        self._clock = clock
        self.public = tuple(public)
        self.passwords = passwords or Passwords()
        self.sessions = OpenSessions(engine, clock, lifetime)
        self._throttle = Throttle()
        self._remembered = Remembered()

    async def login(self, given: Credentials, browser: Browser) -> tuple[User, Session, str]:
        """Open a session; returns it with its secret. Raises a problem and Busy."""
        user = self._engine.users.get(given.name)
        if not await self._is_right(given, user, browser.address) or user is None:
            raise _wrong(WRONG_PASSWORD)
        return await self._open(user, browser, WRONG_PASSWORD)

    async def login_by_link(self, token: str, browser: Browser) -> tuple[User, Session, str]:
        """Open a session with a login link, which is of no use afterwards."""
        digest = digest_of(token.encode())
        user = await self._engine.sessions.redeem(digest, self._clock.now())
        if user is None:
            raise _wrong(WRONG_LINK)
        return await self._open(user, browser, WRONG_LINK)

    async def log_out(self, session_id: str) -> None:
        """End a session, from the next request on."""
        await self._engine.sessions.end(session_id)
        self.sessions.read_again()

    async def by_password(self, given: Credentials, address: str) -> Principal | None:
        """Return who sends name and password with his request, None if they are wrong."""
        user = self._engine.users.get(given.name)
        hashed = user.password if user else None
        check = partial(self._is_right, given, user, address)
        right = await self._remembered.check(given, hashed, check)
        if user is None or user.disabled or not right:
            return None
        return Principal(name=user.name, role=user.role, via=Via.PASSWORD, account=user.name)

    async def check(self, user: User, password: str, address: str) -> bool:
        """Say whether that is the user's password. Raises a problem and Busy."""
        return await self._is_right(Credentials(user.name, password), user, address)

    async def _is_right(self, given: Credentials, user: User | None, address: str) -> bool:
        wait = self._throttle.wait(given.name, address, self._clock.monotonic())
        if wait:
            raise _too_often(wait)
        hashed = None if user is None or user.disabled else user.password
        try:
            # What is longer than any password is not worth its time.
            right = await self.passwords.match(given.password[: LONGEST_PASSWORD + 1], hashed)
        except Busy:
            self._throttle.take_back(given.name, address)
            raise
        if right:
            self._throttle.succeeded(given.name, address)
        return right

    async def _open(self, user: User, browser: Browser, refusal: str) -> tuple[User, Session, str]:
        """Open a session of a user as he was let in; a change meanwhile means the refusal."""
        now, lifetime = self._clock.now(), self.sessions.lifetime
        session, secret = open_session(
            user=user.name,
            agent=browser.agent,
            address=browser.address,
            now=now,
            randomness=secrets.token_bytes(ID_BYTES + SECRET_BYTES),
        )
        if not await self._engine.sessions.add(
            session,
            password=user.password,
            unused_since=now - lifetime.idle,
            begun_since=now - lifetime.whole,
        ):
            raise _wrong(refusal)
        await self._engine.users.logged_in(user.name, now)
        return user, session, secret


def _wrong(detail: str) -> HttpProblem:
    # No challenge: a browser would ask its user for a password of its own accord.
    return HttpProblem(HTTPStatus.UNAUTHORIZED, "invalid_login", detail)


def _too_often(wait: float) -> HttpProblem:
    seconds = math.ceil(wait)
    return HttpProblem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_logins",
        f"too many logins failed; try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )
