"""References to secrets inside values: `${secret:NAME}`; `$${…}` is a literal.

A definition keeps values as they are written, and so does everything that is made of it:
rows, plans, answers. The secret itself takes the place of its name when a run starts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from engine.document.place import Path
from engine.document.read import Document
from engine.errors import InvalidInput
from engine.model.secret import is_secret_name
from engine.model.tree import Problem

_REFERENCE = re.compile(r"\$\$\{|\$\{secret:([^}]*)\}")


def secrets_in(values: Iterable[str]) -> list[str]:
    """Return the names of the secrets that values refer to, each once, as they come."""
    names = (
        match[1]
        for value in values
        if "${" in value
        for match in _REFERENCE.finditer(value)
        if match[1] is not None
    )
    return list(dict.fromkeys(names))


def expand(value: str, secrets: Mapping[str, str], *, where: str) -> str:
    """Put secrets in the place of `${secret:NAME}`; `$${…}` is a literal `${…}`.

    Any other `${…}` is left as it is: it belongs to the script. Raises InvalidInput,
    with `where` in its message, for a secret that is not in `secrets`.
    """
    if "${" not in value:
        return value

    def replacement(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "${"
        if name not in secrets:
            raise InvalidInput(
                f"{where}: no secret named {name!r} is granted to this script. Add it with "
                "`pysched secret add`, or correct the name."
            )
        return secrets[name]

    return _REFERENCE.sub(replacement, value)


def as_literal(value: str) -> str:
    """Return what `expand` makes this very value of, whatever it holds."""
    return value.replace("${", "$${")


def misplaced_secrets(document: Document) -> list[Problem]:
    """Return a mistake for each reference in a manifest that no secret can be given to."""
    if not any(mark in document.source for mark in (b"{secret:", b"\\")):
        return []
    problems = [*_in_env(document, ("env",)), *_in_args(document, ("args",))]
    problems.extend(_in_env(document, ("notify", "to")))
    triggers = document.data.get("triggers")
    count = len(cast("list[Any]", triggers)) if isinstance(triggers, list) else 0
    for index in range(count):
        problems.extend(_in_env(document, ("triggers", index, "env")))
        problems.extend(_in_args(document, ("triggers", index, "args")))
    return problems


def _in_env(document: Document, place: Path) -> Iterator[Problem]:
    for path, value in _texts(document, place):
        yield from _misnamed(document, path, value)


def _in_args(document: Document, place: Path) -> Iterator[Problem]:
    for path, value in _texts(document, place):
        for name in secrets_in((value,)):
            message = (
                f"args: secret {name!r} would be seen in the list of processes; "
                "give it to the script by 'env'"
            )
            yield document.problem("secret_in_args", message, path)


def _misnamed(document: Document, path: Path, value: str) -> Iterator[Problem]:
    for name in secrets_in((value,)):
        if not is_secret_name(name):
            message = (
                f"secret {name[:100]!r} cannot exist: a name is made of capital letters, digits "
                "and _, such as DB_PASSWORD; write $${ for a literal ${"
            )
            yield document.problem("unknown_secret", message, path)


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
