"""What the HTTP API tells of the tree as a whole and of its folders; see `schemas.api`."""

from pydantic import Field, JsonValue

from schemas.api import Problem, Shape


class Folder(Shape):
    """A directory that holds scripts or folders."""

    path: str = Field(
        description="From the tree's root, which itself is the empty path", examples=["api-calls"]
    )
    name: str = Field(examples=["Api Calls"])
    description: str
    defaults: dict[str, JsonValue] = Field(
        description="What its `folder.yaml` gives to the scripts below, as it is written",
        examples=[{"limits": {"timeout": "5m"}}],
    )
    scripts: int = Field(description="Directly in it")
    scripts_below: int = Field(description="At any depth")
    problems: tuple[Problem, ...] = Field(
        description="Of its `folder.yaml`, and of what in it is no script"
    )


class FolderList(Shape):
    items: tuple[Folder, ...]
    next_cursor: None = None


class TreeState(Shape):
    """Whether the tree is in force."""

    status: str = Field(
        description=(
            "`ok`; `error` (files hold errors), `held` (removals wait) or `failing` (the tree "
            "cannot be read or brought into force)"
        )
    )
    revision: str | None = Field(description="The commit the tree is at")
    scripts: int = Field(description="In force")
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    failure: str | None = Field(description="Why not all of the tree can be brought into force")
    held: str | None = Field(description="Why removals wait for a confirmation")
    removals: tuple[str, ...] = Field(
        description="Scripts in force whose files are gone; `POST /api/reconcile` lets them go"
    )
