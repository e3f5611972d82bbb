"""References to secrets inside values: `${secret:NAME}`; `$${…}` is a literal."""

import re
from collections.abc import Iterator
from typing import Any, cast

from engine.document.place import Path
from engine.document.read import Document
from engine.model.tree import Problem

_REFERENCE = re.compile(r"\$\$\{|\$\{secret:([^}]*)\}")


def secrets_in(value: str) -> list[str]:
    """Return the names of the secrets a value refers to."""
    return [match[1] for match in _REFERENCE.finditer(value) if match[1] is not None]


def literal(value: str) -> str:
    """Return a value that refers to nothing as the script gets it: `$${X}` gives `${X}`."""
    return value.replace("$${", "${")


def unknown_secrets(document: Document) -> list[Problem]:
    """Return a mistake for each reference in a manifest to a secret that cannot be given.

    There is no store yet, so that is every secret.
    """
    if not any(mark in document.source for mark in (b"{secret:", b"\\")):
        return []
    problems = [*_in_env(document, ("env",)), *_in_args(document, ("args",))]
    for path, value in _texts(document, ("notify", "to")):
        problems.extend(_unknown(document, path, value))
    triggers = document.data.get("triggers")
    count = len(cast("list[Any]", triggers)) if isinstance(triggers, list) else 0
    for index in range(count):
        problems.extend(_in_env(document, ("triggers", index, "env")))
        problems.extend(_in_args(document, ("triggers", index, "args")))
    return problems


def _in_env(document: Document, place: Path) -> Iterator[Problem]:
    for path, value in _texts(document, place):
        yield from _unknown(document, path, value)


def _in_args(document: Document, place: Path) -> Iterator[Problem]:
    for path, value in _texts(document, place):
        for name in secrets_in(value):
            message = (
                f"args: secret {name!r} would be seen in the list of processes; "
                "give it to the script by 'env'"
            )
            yield document.problem("secret_in_args", message, path)


def _unknown(document: Document, path: Path, value: str) -> Iterator[Problem]:
    for name in secrets_in(value):
        yield document.problem("unknown_secret", f"secret {name!r} is not in the store", path)


def _texts(document: Document, place: Path) -> Iterator[tuple[Path, str]]:
    values: Any = document.data
    for part in place:
        values = _child(values, part)
    items: Any = ()
    if isinstance(values, dict):
        items = cast("dict[str, Any]", values).items()
    elif isinstance(values, list):
        items = enumerate(cast("list[Any]", values))
    for key, value in items:
        if isinstance(value, str):
            yield (*place, key), value


def _child(values: Any, part: str | int) -> Any:
    if isinstance(values, dict):
        return cast("dict[str | int, Any]", values).get(part)
    if isinstance(values, list) and isinstance(part, int):
        return cast("list[Any]", values)[part]
    return None
