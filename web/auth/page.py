"""The page at `/login`: where a login link leads, and where a browser logs in without scripts.

To look at it uses nothing up, since mail programs and chats look at links by themselves:
a login link is redeemed by its button alone.
"""

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from engine.errors import EngineError
from web.api.payload import read_body
from web.auth.entering import enter, hand_over, leave, visitor
from web.errors import HttpProblem, status_of
from web.packaged import packaged_file
from web.permissions import Principal

router = APIRouter(include_in_schema=False)

PATH = "/login"
STYLE: Final = Path(__file__).parent / "static" / "login.css"
LARGEST_FORM = 20_000
"""Bytes."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in - PyScheduler</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="login.css">
</head>
<body>
<main>
<h1>PyScheduler</h1>
{content}
</main>
</body>
</html>
"""
_BY_NAME = """<form method="post" action="/login">
<label>Name <input name="username" autocomplete="username" required autofocus></label>
<label>Password
<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button>
</form>
<p>No account? Ask an admin, or run <code>pysched user add</code> on the server.</p>"""
_BY_LINK = """<p>This link logs you in, once.</p>
<form method="post" action="/login">
<input type="hidden" name="token" value="{token}">
<button autofocus>Log in</button>
</form>"""
_INSIDE = """<p>You are logged in as <strong>{name}</strong>, {role}. This server is used by its
<a href="docs">API</a> and by the command line.</p>
<form method="post" action="/login">
<input type="hidden" name="logout" value="yes">
<button>Log out</button>
</form>"""


@router.get("/")
async def first_page() -> Response:
    return RedirectResponse(PATH.removeprefix("/"))


@router.get("/login.css")
async def login_style(request: Request) -> Response:
    return await packaged_file(STYLE, "text/css", request)


@router.get(PATH)
async def login_page(request: Request, token: str = "") -> Response:
    """Offer to log in, by the link that led here or by name and password."""
    if token:
        return _page(_BY_LINK.format(token=escape(token)))
    caller = await visitor(request)
    return _page(_BY_NAME if caller is None else _inside(caller))


@router.post(PATH)
async def login_by_form(request: Request) -> Response:
    """Do what a button of the page asks for, and show the page again."""
    body = await read_body(request, LARGEST_FORM, "a form of this page is shorter")
    form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    response = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
    try:
        if "logout" in form:
            await leave(request, response)
        else:
            given = {name: form.get(name) for name in ("username", "password", "token")}
            _, secret = await enter(request, **given)
            hand_over(request, response, secret)
    except HttpProblem as problem:
        return _refused(problem.detail, problem.status, problem.headers)
    except EngineError as error:
        return _refused(str(error), status_of(error))
    return response


def _inside(caller: Principal) -> str:
    return _INSIDE.format(name=escape(caller.name), role=caller.role.word)


def _refused(detail: str, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    return _page(f'<p role="alert">{escape(detail)}</p>\n{_BY_NAME}', status, headers)


def _page(
    content: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    # Without a referrer a browser would call the origin of its own form `null`.
    own = {"Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
    return HTMLResponse(_PAGE.format(content=content), status, {**own, **(headers or {})})
