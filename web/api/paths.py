"""How a script's id is read out of an address: slashes included, reserved last names left out.

`etl/load/execute` is the route `execute` of the script `etl/load`, never a script
of that name, because no script may be called so. The routes can therefore stand in
any order, and a permission is decided on the same id that the handler gets.
"""

import re

from starlette.convertors import Convertor, register_url_convertor

from engine.model.identity import RESERVED_NAMES

PREFIX = "/api"
"""The start of every route but those of programs that are not ours."""
SEGMENT = r"[^/\x00-\x1f\x7f]+"
RESERVED = "|".join(sorted(re.escape(name) for name in RESERVED_NAMES))


class ScriptIdConvertor(Convertor[str]):
    regex = rf"(?:{SEGMENT}/)*(?!(?:{RESERVED})(?:/|$)){SEGMENT}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class FileOwnerConvertor(ScriptIdConvertor):
    """The id before `/files/…`: up to the first `files` that can be no script's folder at the top.

    A path below it may have any names, such as `files/next` once more.
    """

    regex = rf"{SEGMENT}(?:/(?!files(?:/|$)){SEGMENT})*"


class RunIdConvertor(ScriptIdConvertor):
    """What is no run id is left to other routes, as the end of a script's id."""

    regex = r"[0-9]{8}T[0-9]{6}-[0-9a-f]+"


register_url_convertor("script_id", ScriptIdConvertor())
register_url_convertor("file_owner", FileOwnerConvertor())
register_url_convertor("run_id", RunIdConvertor())

SCRIPT = "/scripts/{script_id:script_id}"
"""The start of every route of one script."""
FILES = "/scripts/{script_id:file_owner}/files"
"""The start of every route of a script's files; asked before SCRIPT, which a path may look like."""
