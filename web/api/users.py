"""Users: list them, add one, change one, let one in by a link, remove one."""

import secrets
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from engine.errors import NotFound
from engine.model.account import role_of
from engine.model.session import SECRET_BYTES, issue_link, link_path
from engine.model.user import check_name, check_password, new_user, with_changes
from schemas import accounts
from web.api.account_shapes import user_shape
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.dependencies import Admin, CurrentEngine, Now, accounts_of
from web.guards.marks import note

router = APIRouter(prefix=PREFIX, tags=["users"])


@router.get("/users", response_model=accounts.UserList, summary="List users", responses=problems())
async def list_users(engine: CurrentEngine, _admin: Admin) -> Response:
    """List the people who may log in, by name."""
    return json_answer(
        accounts.UserList(items=tuple(user_shape(user) for user in engine.users.all()))
    )


@router.post(
    "/users",
    status_code=HTTPStatus.CREATED,
    response_model=accounts.User,
    summary="Add a user",
    responses=problems(409, 503),
)
async def create_user(
    request: Request,
    engine: CurrentEngine,
    _admin: Admin,
    now: Now,
    body: accounts.CreateUserRequest,
) -> Response:
    """Make an account; without a password a login link opens it alone."""
    role, name = role_of(body.role), check_name(body.name)
    user = new_user(name=name, role=role, password=None, now=now)
    hashed = await _hashed(request, body.password, name)
    user = with_changes(user, password=hashed)
    await engine.users.add(user)
    note(request, name=user.name, role=user.role.word)
    return json_answer(user_shape(user), HTTPStatus.CREATED)


@router.get(
    "/users/{name}", response_model=accounts.User, summary="One user", responses=problems(404)
)
async def one_user(name: str, engine: CurrentEngine, _admin: Admin) -> Response:
    """Tell what is kept of an account."""
    user = engine.users.get(name)
    if user is None:
        raise NotFound(f"there is no user {name!r}")
    return json_answer(user_shape(user))


@router.patch(
    "/users/{name}",
    response_model=accounts.User,
    summary="Change a user",
    responses=problems(404, 409, 503),
)
async def change_user(
    name: str,
    request: Request,
    engine: CurrentEngine,
    admin: Admin,
    body: accounts.ChangeUserRequest,
) -> Response:
    """Give an account another role or password, or disable it, which ends its sessions.

    One's own session stays. The last admin that can log in stays an admin.
    """
    role = None if body.role is None else role_of(body.role)
    user = engine.users.get(name)
    if user is None:
        raise NotFound(f"there is no user {name!r}")
    hashed = await _hashed(request, body.password, user.name)
    after = await engine.users.change(
        user.name,
        lambda before: with_changes(before, role=role, password=hashed, disabled=body.disabled),
        keep_session=admin.session,
    )
    accounts_of(request).sessions.read_again()
    _note_changes(request, body)
    return json_answer(user_shape(after))


@router.post(
    "/users/{name}/link",
    status_code=HTTPStatus.CREATED,
    response_model=accounts.LoginLink,
    summary="Make a login link",
    responses=problems(404, 503),
)
async def make_link(
    name: str, request: Request, engine: CurrentEngine, _admin: Admin, now: Now
) -> Response:
    """Make a link that logs the user in once; it is in this answer and never shown again."""
    link, secret = issue_link(user=name, now=now, randomness=secrets.token_bytes(SECRET_BYTES))
    await engine.sessions.invite(link)
    public = accounts_of(request).public
    base = public[0] if public else str(request.base_url).rstrip("/")
    return json_answer(
        accounts.LoginLink(url=base + link_path(secret), expires=link.expires), HTTPStatus.CREATED
    )


@router.delete(
    "/users/{name}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    summary="Remove a user",
    responses=problems(404, 409, 503),
)
async def remove_user(
    name: str, request: Request, engine: CurrentEngine, _admin: Admin
) -> Response:
    """Remove an account and all that lets it in; the last admin that can log in stays."""
    await engine.users.remove(name)
    accounts_of(request).sessions.read_again()
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _note_changes(request: Request, body: accounts.ChangeUserRequest) -> None:
    facts = body.model_dump(exclude_unset=True, exclude={"password"}, exclude_none=True)
    told = {name: str(value) for name, value in facts.items()}
    note(request, **told, **({"changed": "password"} if body.password is not None else {}))


async def _hashed(request: Request, password: str | None, name: str) -> str | None:
    if password is None:
        return None
    check_password(password, name)
    return await accounts_of(request).passwords.hash(password)
