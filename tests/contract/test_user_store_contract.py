"""What every UserStore and SessionStore does."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import LastAdmin, NameTaken, NotFound
from engine.model.account import Role
from engine.model.session import LoginLink, Session
from engine.model.user import Theme, User
from engine.ports import SessionStore, UserStore
from engine.store.database import Database
from engine.store.sessions import SqliteSessionStore
from engine.store.users import SqliteUserStore
from tests.fakes.clock import START
from tests.fakes.users import FakeSessionStore, FakeUserStore

LATER = START + timedelta(minutes=5)
HASH = "$argon2id$hash"


@dataclass
class Stores:
    users: UserStore
    sessions: SessionStore

    def do(self, *awaited):
        async def each():
            return [await one for one in awaited]

        return asyncio.run(each())[-1]

    def add(self, *users: User) -> None:
        self.do(*map(self.users.add, users))

    def open(self, *sessions: Session, password: str | None = HASH) -> bool:
        return self.do(*(self.keep(one, password=password) for one in sessions))

    def keep(
        self,
        session: Session,
        *,
        password: str | None = HASH,
        unused_since: datetime = START,
        begun_since: datetime = START,
    ):
        return self.sessions.add(
            session, password=password, unused_since=unused_since, begun_since=begun_since
        )

    def ids(self, user: str = "Ada") -> list[str]:
        return [one.id for one in self.sessions.of_user(user)]


@pytest.fixture(params=["fake", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    if request.param == "fake":
        sessions = FakeSessionStore()
        yield Stores(FakeUserStore(sessions), sessions)
        return
    database = Database(tmp_path / "pysched.db")
    yield Stores(SqliteUserStore(database), SqliteSessionStore(database))
    database.close()


def a_user(name: str = "Ada", **values) -> User:
    user = User(
        name=name,
        role=Role.ADMIN,
        password=HASH,
        theme=Theme.DARK,
        timezone="Europe/Berlin",
        created=START,
    )
    return replace(user, **values)


def a_session(session_id: str = "s1", user: str = "Ada", **values) -> Session:
    session = Session(
        id=session_id,
        digest=session_id.encode(),
        user=user,
        created=START,
        last_used=START,
        agent="curl/8",
        address="10.0.0.1",
    )
    return replace(session, **values)


def a_link(user: str = "Ada", digest: bytes = b"link", expires: datetime = LATER) -> LoginLink:
    return LoginLink(digest=digest, user=user, expires=expires)


def changed(**values):
    return lambda user: replace(user, **values)


def test_a_user_comes_back_as_it_was(stores: Stores):
    user = a_user(last_login=LATER, disabled=True)
    stores.add(user, a_user("bob", role=Role.VIEWER, password=None, timezone=None))

    assert (stores.users.get("Ada"), len(stores.users.all())) == (user, 2)


def test_users_are_listed_by_name_whatever_its_case(stores: Stores):
    stores.add(a_user("b"), a_user("C"), a_user("a"))

    assert [user.name for user in stores.users.all()] == ["a", "b", "C"]


def test_a_name_is_found_in_any_case(stores: Stores):
    stores.add(a_user())

    assert [stores.users.get(name) is None for name in ("ADA", "ada", "adam")] == [
        False,
        False,
        True,
    ]


def test_a_name_is_given_once_whatever_its_case(stores: Stores):
    stores.add(a_user())

    with pytest.raises(NameTaken, match="'Ada'"):
        stores.add(a_user("ADA"))


def test_the_first_user_is_added_only_where_there_is_none(stores: Stores):
    added = [stores.do(stores.users.add_first(a_user(name))) for name in ("admin", "other")]

    assert (added, [user.name for user in stores.users.all()]) == ([True, False], ["admin"])


def test_a_change_is_kept_and_returned(stores: Stores):
    stores.add(a_user())
    after = stores.do(
        stores.users.change("ada", changed(theme=Theme.LIGHT, timezone=None, password="new"))
    )

    assert (
        stores.users.get("ADA") == after == a_user(theme=Theme.LIGHT, timezone=None, password="new")
    )


def test_a_login_is_noted(stores: Stores):
    stores.add(a_user())
    stores.do(stores.users.logged_in("ada", LATER), stores.users.logged_in("nobody", LATER))

    assert stores.users.all() == [a_user(last_login=LATER)]


@pytest.mark.parametrize("change", [{"role": Role.EDITOR}, {"disabled": True}])
def test_the_last_admin_stays_one(stores: Stores, change):
    stores.add(a_user(), a_user("bob", role=Role.EDITOR), a_user("eve", disabled=True))

    with pytest.raises(LastAdmin, match="only admin"):
        stores.do(stores.users.change("ada", changed(**change)))
    assert stores.users.get("Ada") == a_user()


def test_the_last_admin_cannot_be_removed(stores: Stores):
    stores.add(a_user(), a_user("bob", role=Role.EDITOR))

    with pytest.raises(LastAdmin):
        stores.do(stores.users.remove("Ada"))
    assert stores.users.get("Ada")


def test_one_of_two_admins_may_go(stores: Stores):
    stores.add(a_user(), a_user("bob"))
    stores.do(stores.users.remove("ADA"))

    assert [user.name for user in stores.users.all()] == ["bob"]


def test_without_any_admin_others_may_go(stores: Stores):
    stores.add(a_user("bob", role=Role.VIEWER))
    stores.do(stores.users.remove("bob"))

    assert stores.users.all() == []


def test_what_is_not_there_cannot_be_changed_removed_or_let_in(stores: Stores):
    for wrong in (
        lambda: stores.users.change("nobody", changed()),
        lambda: stores.users.remove("nobody"),
        lambda: stores.sessions.invite(a_link()),
    ):
        with pytest.raises(NotFound):
            stores.do(wrong())


def test_a_change_that_fails_changes_nothing(stores: Stores):
    stores.add(a_user())

    def fail(_user: User) -> User:
        raise NameTaken("no")

    with pytest.raises(NameTaken):
        stores.do(stores.users.change("Ada", fail))
    assert stores.users.get("Ada") == a_user()


def test_a_session_is_found_with_its_user_by_its_hash_alone(stores: Stores):
    stores.add(a_user())
    stores.open(a_session())

    assert [stores.sessions.find(digest) for digest in (b"s1", b"s2")] == [
        (a_session(), a_user()),
        None,
    ]


def test_sessions_are_listed_from_the_last_used(stores: Stores):
    stores.add(a_user(), a_user("bob"))
    stores.open(a_session(), a_session("s2", last_used=LATER), a_session("s3", user="bob"))

    assert stores.ids("ADA") == ["s2", "s1"]


def test_a_use_moves_forward_only(stores: Stores):
    stores.add(a_user())
    stores.open(a_session())
    stores.do(
        stores.sessions.used("s1", LATER),
        stores.sessions.used("s1", START),
        stores.sessions.used("gone", LATER),
    )

    assert [one.last_used for one in stores.sessions.of_user("Ada")] == [LATER]


def test_a_session_ends_once(stores: Stores):
    stores.add(a_user())
    stores.open(a_session())

    assert [stores.do(stores.sessions.end("s1")) for _ in range(2)] == [True, False]
    assert stores.sessions.find(b"s1") is None


def test_all_sessions_of_a_user_but_one_end(stores: Stores):
    stores.add(a_user(), a_user("bob"))
    stores.open(a_session(), a_session("s2"), a_session("s3"), a_session("s4", user="bob"))
    ended = stores.do(stores.sessions.end_all("ADA", but="s2"))

    assert (ended, stores.ids(), stores.ids("bob")) == (2, ["s2"], ["s4"])


@pytest.mark.parametrize("change", [{"role": Role.VIEWER}, {"password": "new"}, {"disabled": True}])
def test_taking_something_from_a_user_ends_sessions_and_link(stores: Stores, change):
    stores.add(a_user(), a_user("bob"))
    stores.open(a_session(), a_session("s2"), a_session("s3", user="bob"))
    stores.do(stores.sessions.invite(a_link()))
    stores.do(stores.users.change("ada", changed(**change), keep_session="s2"))

    assert (stores.ids(), stores.ids("bob")) == (["s2"], ["s3"])
    assert stores.do(stores.sessions.redeem(b"link", START)) is None


def test_a_change_of_looks_ends_no_session(stores: Stores):
    stores.add(a_user())
    stores.open(a_session())
    stores.do(stores.users.change("Ada", changed(theme=Theme.LIGHT, timezone="UTC")))

    assert stores.ids() == ["s1"]


def test_sessions_and_link_of_a_removed_user_are_gone_for_the_next_of_that_name(stores: Stores):
    stores.add(a_user(), a_user("bob"))
    stores.open(a_session())
    stores.do(stores.sessions.invite(a_link()))
    stores.do(stores.users.remove("Ada"))
    stores.add(a_user())

    assert (stores.ids(), stores.sessions.find(b"s1")) == ([], None)
    assert stores.do(stores.sessions.redeem(b"link", START)) is None


@pytest.mark.parametrize(
    ("user", "password", "kept"),
    [
        (a_user(), HASH, True),
        (a_user(), "another hash", False),
        (a_user(), None, False),
        (a_user(password=None), None, True),
        (a_user(password=None), HASH, False),
        (a_user(disabled=True), HASH, False),
        (a_user("bob"), HASH, False),
    ],
)
def test_a_session_is_kept_while_what_let_its_user_in_still_holds(
    stores: Stores, user: User, password: str | None, kept: bool
):
    stores.add(user)

    assert (stores.open(a_session(), password=password), stores.ids()) == (kept, ["s1"] * kept)


def test_a_new_session_makes_those_that_are_over_forgotten(stores: Stores):
    stores.add(a_user())
    stores.open(a_session("unused"), a_session("old", last_used=LATER))
    late = a_session("new", created=LATER, last_used=LATER)
    stores.do(stores.keep(late, unused_since=LATER))

    assert stores.ids() == ["old", "new"] or stores.ids() == ["new", "old"]

    stores.do(stores.sessions.end("new"))
    stores.do(stores.keep(late, begun_since=LATER))

    assert stores.ids() == ["new"]


def test_a_link_lets_in_once(stores: Stores):
    stores.add(a_user())
    stores.do(stores.sessions.invite(a_link()))

    assert [stores.do(stores.sessions.redeem(b"link", START)) for _ in range(2)] == [a_user(), None]


@pytest.mark.parametrize("user", [a_user(), a_user(disabled=True)])
def test_a_link_that_is_over_or_of_a_disabled_user_lets_nobody_in(stores: Stores, user):
    stores.add(user)
    stores.do(stores.sessions.invite(a_link()))
    at = START if user.disabled else LATER

    assert stores.do(stores.sessions.redeem(b"link", at)) is None


def test_a_new_link_replaces_the_one_before(stores: Stores):
    stores.add(a_user())
    stores.do(stores.sessions.invite(a_link(digest=b"old")), stores.sessions.invite(a_link()))

    assert stores.do(stores.sessions.redeem(b"old", START)) is None
    assert stores.do(stores.sessions.redeem(b"link", START)) == a_user()
