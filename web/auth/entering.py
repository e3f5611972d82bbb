"""Log a browser in and out, as the API and the page at `/login` do."""

from fastapi import Request, Response

from engine.model.session import LONGEST_AGENT
from engine.model.user import User
from web.auth.accounts import Browser
from web.auth.basic import Credentials
from web.auth.cookie import COOKIE, delete_cookie, set_cookie
from web.dependencies import accounts_of, address_of, check_origin
from web.errors import invalid
from web.guards.marks import note
from web.permissions import Principal, Via


async def enter(
    request: Request, *, username: str | None, password: str | None, token: str | None
) -> tuple[User, str]:
    """Open a session with name and password, or a link's token; returns it with its secret.

    Raises a problem for what is wrong, comes from another site or comes too often, and Busy.
    """
    check_origin(request)
    known, browser = accounts_of(request), _browser(request)
    if token is not None:
        opened = await known.login_by_link(token, browser)
    elif username is not None and password is not None:
        note(request, user=username)
        opened = await known.login(Credentials(username, password), browser)
    else:
        raise invalid("body", "needs username and password, or token")
    user, session, secret = opened
    note(request, user=user.name, session=session.id)
    request.scope["principal"] = Principal(
        name=user.name, role=user.role, via=Via.SESSION, account=user.name, session=session.id
    )
    return user, secret


def hand_over(request: Request, response: Response, secret: str) -> None:
    """Have the answer set the session's cookie."""
    set_cookie(
        response,
        secret,
        lasts=accounts_of(request).sessions.lifetime.whole,
        headers=request.headers,
        scheme=request.url.scheme,
    )


async def leave(request: Request, response: Response) -> None:
    """End the session of the cookie, if there is one, and have the answer delete the cookie."""
    check_origin(request)
    caller = await visitor(request)
    request.scope["principal"] = caller
    if caller is not None and caller.session is not None:
        await accounts_of(request).log_out(caller.session)
    delete_cookie(response)


async def visitor(request: Request) -> Principal | None:
    """Return whose session the cookie opens, whatever else the request shows."""
    return await accounts_of(request).sessions.principal(request.cookies.get(COOKIE, ""))


def _browser(request: Request) -> Browser:
    agent = request.headers.get("User-Agent", "")[: 2 * LONGEST_AGENT]
    return Browser(agent=agent, address=address_of(request))
