"""Log in and out, who asks as the server sees it, and what is a user's own."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from engine.errors import NotFound
from engine.model.user import Theme, User, check_password, check_zone, with_changes
from schemas import accounts
from web.api.account_shapes import key_holder_shape, me_shape, session_shape
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.auth.entering import enter, hand_over, leave
from web.dependencies import AnyViewer, CurrentEngine, Person, accounts_of, address_of
from web.errors import HttpProblem, invalid
from web.guards.marks import note
from web.permissions import Principal
from web.service import Service

router = APIRouter(prefix=f"{PREFIX}/auth", tags=["auth"])


@router.post(
    "/login", response_model=accounts.Me, summary="Log in", responses=problems(401, 429, 503)
)
async def login(request: Request, body: accounts.LoginRequest) -> Response:
    """Open a session with name and password, or with the token of a login link.

    The answer sets the session's cookie. A token is of no use afterwards.
    """
    user, secret = await enter(
        request, username=body.username, password=body.password, token=body.token
    )
    response = json_answer(me_shape(user))
    hand_over(request, response, secret)
    return response


@router.post(
    "/logout",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Log out",
    responses=problems(503),
)
async def logout(request: Request) -> Response:
    """End the session of the cookie, if there is one."""
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    await leave(request, response)
    return response


@router.get("/me", response_model=accounts.Me, summary="Who am I?", responses=problems())
async def who_am_i(engine: CurrentEngine, caller: AnyViewer) -> Response:
    """Tell the name, the role and the scripts of the user or key that asks."""
    if caller.account is None:
        return json_answer(key_holder_shape(caller))
    return json_answer(me_shape(_user(engine, caller)))


@router.patch(
    "/me",
    response_model=accounts.Me,
    summary="Change my account",
    responses=problems(404, 429, 503),
)
async def change_me(
    request: Request, engine: CurrentEngine, caller: Person, body: accounts.ChangeMeRequest
) -> Response:
    """Change theme, time zone or password of the user who asks."""
    theme = None if body.theme is None else _theme(body.theme)
    zone = check_zone(body.timezone) if body.timezone else body.timezone
    user = _user(engine, caller)
    hashed = await _new_password(request, user, body)
    after = await engine.users.change(
        user.name,
        lambda before: with_changes(before, theme=theme, timezone=zone, password=hashed),
        keep_session=caller.session,
    )
    accounts_of(request).sessions.read_again()
    note(request, changed=", ".join(sorted(body.model_fields_set - {"old_password"})))
    return json_answer(me_shape(after))


@router.get(
    "/sessions",
    response_model=accounts.SessionList,
    summary="My sessions",
    responses=problems(),
)
async def list_sessions(request: Request, engine: CurrentEngine, caller: Person) -> Response:
    """List the browsers in which the user who asks is logged in, the last used one first."""
    lifetime, now = accounts_of(request).sessions.lifetime, engine.now()
    found = [one for one in engine.sessions.of_user(caller.name) if lifetime.ends(one) > now]
    items = tuple(session_shape(one, lifetime, caller.session) for one in found)
    return json_answer(accounts.SessionList(items=items))


@router.delete(
    "/sessions",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="End my other sessions",
    responses=problems(503),
)
async def end_other_sessions(request: Request, engine: CurrentEngine, caller: Person) -> Response:
    """Log the user out everywhere but here."""
    await engine.sessions.end_all(caller.name, but=caller.session)
    accounts_of(request).sessions.read_again()
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.delete(
    "/sessions/{session_id}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="End one of my sessions",
    responses=problems(404, 503),
)
async def end_session(
    session_id: str, request: Request, engine: CurrentEngine, caller: Person
) -> Response:
    """Log the user out in one browser."""
    mine = {one.id for one in engine.sessions.of_user(caller.name)}
    if session_id not in mine or not await engine.sessions.end(session_id):
        raise NotFound(f"you have no session {session_id!r}")
    accounts_of(request).sessions.read_again()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _user(engine: Service, caller: Principal) -> User:
    user = engine.users.get(caller.account or "")
    if user is None:
        raise NotFound(f"there is no user {caller.name!r} any more")
    return user


def _theme(word: str) -> Theme:
    if word not in set(Theme):
        raise invalid("body.theme", f"there is no theme {word!r}; there are {', '.join(Theme)}")
    return Theme(word)


async def _new_password(request: Request, user: User, body: accounts.ChangeMeRequest) -> str | None:
    """Return the hash of a password that is to be new, None if none is."""
    if body.password is None:
        return None
    known = accounts_of(request)
    check_password(body.password, user.name)
    old = body.old_password or ""
    if user.password is not None and not await known.check(user, old, address_of(request)):
        raise HttpProblem(
            HTTPStatus.FORBIDDEN, "wrong_password", "old_password: this is not your password"
        )
    return await known.passwords.hash(body.password)
