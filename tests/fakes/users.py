"""A UserStore and a SessionStore in memory, which know of one another as tables do."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from engine.errors import NameTaken, NotFound
from engine.model.session import LoginLink, Session
from engine.model.user import User, ends_sessions, keep_an_admin


class FakeUserStore:
    def __init__(self, sessions: "FakeSessionStore") -> None:
        self.kept: dict[str, User] = {}
        self._sessions = sessions
        sessions.users = self.kept

    def all(self) -> Sequence[User]:
        return [self.kept[name] for name in sorted(self.kept)]

    def get(self, name: str) -> User | None:
        return self.kept.get(name.lower())

    async def add(self, user: User) -> None:
        taken = self.get(user.name)
        if taken:
            raise NameTaken(f"there is a user named {taken.name!r} already")
        self.kept[user.name.lower()] = user

    async def add_first(self, user: User) -> bool:
        if self.kept:
            return False
        await self.add(user)
        return True

    async def change(
        self, name: str, change: Callable[[User], User], *, keep_session: str | None = None
    ) -> User:
        before = self._existing(name)
        after = change(before)
        keep_an_admin(self.all(), name, after)
        self.kept[name.lower()] = after
        if ends_sessions(before, after):
            await self._sessions.end_all(name, but=keep_session)
            self._sessions.links.pop(name.lower(), None)
        return after

    async def remove(self, name: str) -> None:
        self._existing(name)
        keep_an_admin(self.all(), name, None)
        del self.kept[name.lower()]
        await self._sessions.end_all(name)
        self._sessions.links.pop(name.lower(), None)

    async def logged_in(self, name: str, at: datetime) -> None:
        user = self.get(name)
        if user:
            self.kept[name.lower()] = replace(user, last_login=at)

    def _existing(self, name: str) -> User:
        found = self.get(name)
        if found is None:
            raise NotFound(f"there is no user {name!r}")
        return found


class FakeSessionStore:
    """`reads` counts how often a session was looked for."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.kept: dict[str, Session] = {}
        self.links: dict[str, LoginLink] = {}
        self.reads = 0
        self.uses: list[tuple[str, datetime]] = []
        self.failure: Exception | None = None
        """Raised when a use is noted."""

    def find(self, digest: bytes) -> tuple[Session, User] | None:
        self.reads += 1
        for session in self.kept.values():
            if session.digest == digest:
                return session, self.users[session.user.lower()]
        return None

    def of_user(self, name: str) -> Sequence[Session]:
        found = [one for one in self.kept.values() if one.user.lower() == name.lower()]
        return sorted(sorted(found, key=lambda one: one.id), key=lambda one: one.last_used)[::-1]

    async def add(
        self,
        session: Session,
        *,
        password: str | None,
        unused_since: datetime,
        begun_since: datetime,
    ) -> bool:
        user = self.users.get(session.user.lower())
        if user is None or user.disabled or user.password != password:
            return False
        self.kept = {
            key: one
            for key, one in self.kept.items()
            if one.last_used >= unused_since and one.created >= begun_since
        }
        self.kept[session.id] = session
        return True

    async def used(self, session_id: str, at: datetime) -> None:
        if self.failure:
            raise self.failure
        self.uses.append((session_id, at))
        session = self.kept.get(session_id)
        if session and session.last_used < at:
            self.kept[session_id] = replace(session, last_used=at)

    async def end(self, session_id: str) -> bool:
        return self.kept.pop(session_id, None) is not None

    async def end_all(self, user: str, *, but: str | None = None) -> int:
        ended = [one.id for one in self.of_user(user) if one.id != but]
        for session_id in ended:
            del self.kept[session_id]
        return len(ended)

    async def invite(self, link: LoginLink) -> None:
        self._check_user(link.user)
        self.links[link.user.lower()] = link

    async def redeem(self, digest: bytes, now: datetime) -> User | None:
        for name, link in self.links.items():
            if link.digest == digest:
                del self.links[name]
                user = self.users[name]
                return user if now < link.expires and not user.disabled else None
        return None

    def _check_user(self, name: str) -> None:
        if name.lower() not in self.users:
            raise NotFound(f"there is no user {name!r}")
