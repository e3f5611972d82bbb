"""`/docs`: the API to read and to try, from files in this package.

Nothing is asked of another host, and no script or style stands in the page itself, so that
it works under the strictest Content-Security-Policy. Who reads it needs no key, since it says
nothing of this server; what is tried from it needs one, as everywhere.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from engine.errors import NotFound
from web.packaged import packaged_file

FILES: Final = Path(__file__).parent / "static"
PAGE: Final = "index.html"
TYPES: Final[Mapping[str, str]] = {
    PAGE: "text/html",
    "init.js": "text/javascript",
    "page.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
"""All that is served of the directory."""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    return await _file(PAGE, request)


@router.get("/docs/")
async def docs_with_a_slash() -> Response:
    # The page's own addresses begin at its directory, which would be another one.
    return RedirectResponse("../docs")


@router.get("/docs/{name}")
async def docs_file(name: str, request: Request) -> Response:
    if name not in TYPES or name == PAGE:
        raise NotFound(f"the page /docs has no file {name!r}")
    return await _file(name, request)


async def _file(name: str, request: Request) -> Response:
    return await packaged_file(FILES / name, TYPES[name], request)
