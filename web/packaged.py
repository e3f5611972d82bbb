"""Files of this package as answers: pages, their styles and scripts."""

import asyncio
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import FileResponse


async def packaged_file(path: Path, media_type: str, request: Request) -> Response:
    """Answer with a file, or with 304 when the caller has it."""
    tag = await asyncio.to_thread(_tag, path)
    # Asked for each time and sent once: the next release has other files of the same names.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = request.headers.get("If-None-Match", "")
    if tag in {one.strip().removeprefix("W/") for one in known.split(",")}:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return FileResponse(path, media_type=media_type, headers=headers)


@cache
def _tag(path: Path) -> str:
    return f'"{sha256(path.read_bytes()).hexdigest()[:32]}"'
