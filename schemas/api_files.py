"""What the HTTP API tells of the files of scripts; see `schemas.api`."""

from datetime import datetime

from pydantic import Field

from schemas.api import Problem, ProblemDetails, Shape

ETAG = '"9f86d081884c7d659a2feaa0c55ad015"'


class File(Shape):
    """A regular file in a script's directory."""

    path: str = Field(description="From the script's directory on", examples=["lib/parse.py"])
    size: int
    modified: datetime
    etag: str | None = Field(
        description="Names the content, its quotes included; null of a file that is too large to "
        "be read here",
        examples=[ETAG],
    )


class FileList(Shape):
    items: tuple[File, ...]
    complete: bool = Field(description="`false` when there are more files than are listed")
    next_cursor: None = None


class EditedFile(File):
    """A file that was written, and how its script is with it."""

    created: bool = Field(description="It was not there before")
    commit: str | None = Field(description="The commit that holds it; null while there is none")
    problems: tuple[Problem, ...] = Field(
        description="Of the script after the edit; with an error the last good definition stays "
        "in force"
    )


class Removed(Shape):
    """What was removed, and how the script is without it."""

    commit: str | None = Field(description="The commit that removes it; null while there is none")
    problems: tuple[Problem, ...]


class Conflict(ProblemDetails):
    """The file is another version than the edit is meant for."""

    current: str | None = Field(
        default=None, description="Its ETag now; null when it is not there", examples=[ETAG]
    )
    content: str | None = Field(
        default=None, description="What it holds now; null when that is no text, or a long one"
    )
    sent: str | None = Field(
        default=None, description="The `If-Match` or `If-None-Match` that was sent"
    )
