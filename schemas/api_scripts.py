"""What the HTTP API takes and tells when scripts are created, changed and removed."""

import json
from typing import Annotated, Any, cast

from pydantic import AfterValidator, Field, JsonValue

from schemas.api import Problem, ProblemDetails, Request, Shape

LARGEST = 64 * 1024
"""Characters of all keys together, as a manifest's."""
DEEPEST = 40
"""Lists and mappings inside one another, as in a manifest."""


def _bounded(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    level: list[Any] = [fields]
    for _ in range(DEEPEST):
        level = [each for one in level for each in _below(one)]
        if not level:
            break
    else:
        raise ValueError(f"nested more than {DEEPEST} deep")
    if len(json.dumps(fields)) > LARGEST:
        raise ValueError(f"more than {LARGEST} characters; a manifest may have no more")
    return fields


def _below(value: Any) -> list[Any]:
    found: list[Any] = []
    if isinstance(value, dict):
        found = list(cast("dict[str, Any]", value).values())
    elif isinstance(value, list):
        found = cast("list[Any]", value)
    return [each for each in found if isinstance(each, (dict, list))]


ManifestKeys = Annotated[dict[str, JsonValue], AfterValidator(_bounded)]
"""Keys of a `script.yaml` or `folder.yaml` with values as they are written there."""

KEYS_EXAMPLE: dict[str, Any] = {"enabled": False, "triggers": [{"cron": "0 6 * * *"}]}


class CreateScriptRequest(Request):
    name: str = Field(
        min_length=1,
        max_length=200,
        description="Display name; the directory is called after it: `Hello World` → `hello-world`",
        examples=["Load Orders"],
    )
    folder: str = Field(
        default="",
        max_length=1_000,
        description="Made if need be; empty for the root",
        examples=["etl"],
    )
    code: str | None = Field(
        default=None, max_length=200_000, description="Of the main file; default: a greeting"
    )
    manifest: ManifestKeys = Field(
        default={}, description="Keys of its `script.yaml`", examples=[KEYS_EXAMPLE]
    )


class CreateFolderRequest(Request):
    path: str = Field(
        min_length=1,
        max_length=1_000,
        description="From the tree's root on; folders above are made if need be",
        examples=["etl/daily"],
    )
    manifest: ManifestKeys = Field(
        default={},
        description="Keys of its `folder.yaml`",
        examples=[{"limits": {"timeout": "5m"}}],
    )


class Deleted(Shape):
    """Scripts that are gone; the commit before `commit` has them still."""

    scripts: tuple[str, ...]
    commit: str | None = Field(
        description="The removal; null when git never held anything of what is gone"
    )


class ManifestProblem(ProblemDetails):
    """What was sent would make a manifest that is wrong; nothing was written."""

    problems: tuple[Problem, ...] | None = Field(
        default=None, description="Each mistake, at its place in the file there would be"
    )
