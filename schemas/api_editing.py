"""What the HTTP API takes and gives for editors; the rules of `schemas.api` hold here too."""

from pydantic import Field

from schemas.api import Problem, Request, Shape

LONGEST = 1_000_000
"""Characters of a text."""
LONGEST_PATH = 1_024
LONGEST_SCRIPT = 1_000


class Text(Request):
    """A file as it is in an editor, saved or not."""

    path: str = Field(
        min_length=1,
        max_length=LONGEST_PATH,
        examples=["weather-api.py"],
        description="From the script's directory",
    )
    content: str = Field(max_length=LONGEST, examples=["import json\njson."])


class CheckRequest(Text):
    script: str | None = Field(
        default=None,
        max_length=LONGEST_SCRIPT,
        examples=["api-calls/weather-api"],
        description=(
            "Whose file it is; without one `path` is from the root of the tree, and the file a "
            "`folder.yaml` or `pysched.yaml`"
        ),
    )


class CheckResult(Shape):
    problems: tuple[Problem, ...]


class CompleteRequest(Text):
    script: str = Field(max_length=LONGEST_SCRIPT, examples=["api-calls/weather-api"])
    line: int = Field(ge=1, le=LONGEST, examples=[2], description="Of the cursor, from 1")
    column: int = Field(
        ge=1,
        le=LONGEST,
        examples=[6],
        description="Of the character behind the cursor, from 1, in characters",
    )


class Completion(Shape):
    """One way to go on."""

    label: str = Field(examples=["dumps"])
    kind: str = Field(
        description=(
            "`module`, `class`, `instance`, `function`, `param`, `path`, `keyword`, `property` or "
            "`statement`"
        )
    )
    detail: str = Field(
        examples=["def dumps"], description="Empty where it would take too long to find out"
    )
    insert: str = Field(
        examples=["dumps"], description="To be put in the place of `replaces` characters"
    )
    replaces: int = Field(description="Characters before the cursor")


class CompletionList(Shape):
    items: tuple[Completion, ...]
    note: str | None = Field(description="Why some may be missing")
