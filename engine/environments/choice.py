"""Choose the Python that a script asks for among those that are installed.

A version such as `3.12` means its newest patch release. A specifier such as
`>=3.10` (PEP 440, from `requires-python` of PEP 723) is met by the default as
long as the default fits, and else by the newest that fits: installing a new
Python on the machine must not rebuild the environment of every such script.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from engine.environments.failure import BuildFailed, FailureKind

OLDEST = Version("3.8")
"""What PyScheduler can make environments for (spec.md §2)."""
USUAL = "cpython"
"""The implementation that is meant where none is named."""

PATCH_DOTS = 2
"""A version with that many dots names one release, such as `3.12.1`."""

_VERSION = re.compile(r"\d+(\.\d+){0,2}((a|b|rc)\d+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An installed Python that environments can be made of."""

    path: str
    """Resolved, so never a link that may be switched to another version."""
    version: str
    """Such as `3.12.1` or `3.15.0rc1`."""
    implementation: str
    """`cpython`, `pypy` …; a build with further ABI flags has them behind a dash: `cpython-t`."""
    bits: int
    """64, or 32."""


def choose(python: str | None, found: Sequence[Interpreter], default: Interpreter) -> Interpreter:
    """Return the interpreter for a request's `python`; None asks for the default.

    Raises EnvironmentFailed, which names what is installed, when none fits, and
    when the text is neither a version nor a specifier.
    """
    if python is None:
        return default
    specifiers = _specifiers(python)
    usable = [i for i in (default, *found) if Version(i.version) >= OLDEST]
    if _is_range(specifiers) and specifiers.contains(default.version, prereleases=False):
        return default
    for prereleases in (False, True):
        fitting = [i for i in usable if specifiers.contains(i.version, prereleases=prereleases)]
        if fitting:
            return max(fitting, key=_preference)
    raise BuildFailed(_nothing_fits(python, usable), kind=FailureKind.INTERPRETER)


def _specifiers(python: str) -> SpecifierSet:
    text = python.strip()
    if _VERSION.match(text):
        return SpecifierSet(f"=={text}" if text.count(".") == PATCH_DOTS else f"=={text}.*")
    try:
        specifiers = SpecifierSet(text)
    except InvalidSpecifier:
        specifiers = SpecifierSet()
    if not specifiers:
        raise BuildFailed(
            f"python: {python!r} is neither a version such as 3.12 "
            "nor a specifier such as >=3.10,<4",
            kind=FailureKind.REQUEST,
        )
    return specifiers


def _is_range(specifiers: SpecifierSet) -> bool:
    """Tell whether more than one minor version may fit."""
    return not any(
        s.operator in {"==", "==="} and s.version.removesuffix(".*").count(".") for s in specifiers
    )


def _preference(interpreter: Interpreter) -> tuple[bool, Version]:
    # max() keeps the first of equals, and the default comes first.
    return interpreter.implementation == USUAL, Version(interpreter.version)


def _nothing_fits(python: str, usable: Sequence[Interpreter]) -> str:
    versions = sorted({i.version for i in usable}, key=Version)
    listed = ", ".join(versions) or "none at all"
    return (
        f"no Python {python} here; found {listed}. "
        "Install it, or add its path to environments.python_paths"
    )
