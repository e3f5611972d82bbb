"""Users and sessions in the shapes of the API; see `shapes`, of which this is a part."""

from engine.model.session import Lifetime, Session
from engine.model.user import User
from schemas import accounts
from web.permissions import Principal


def user_shape(user: User) -> accounts.User:
    return accounts.User(
        name=user.name,
        role=user.role.word,
        theme=user.theme.value,
        timezone=user.timezone,
        created=user.created,
        last_login=user.last_login,
        disabled=user.disabled,
        has_password=user.password is not None,
    )


def session_shape(session: Session, lifetime: Lifetime, current: str | None) -> accounts.Session:
    return accounts.Session(
        id=session.id,
        created=session.created,
        last_used=session.last_used,
        expires=lifetime.ends(session),
        agent=session.agent,
        address=session.address,
        current=session.id == current,
    )


def me_shape(user: User) -> accounts.Me:
    return accounts.Me(
        name=user.name,
        role=user.role.word,
        scripts=(),
        kind="user",
        theme=user.theme.value,
        timezone=user.timezone,
        has_password=user.password is not None,
    )


def key_holder_shape(caller: Principal) -> accounts.Me:
    return accounts.Me(
        name=caller.name,
        role=caller.role.word,
        scripts=caller.scripts,
        kind="key",
        theme=None,
        timezone=None,
        has_password=None,
    )
