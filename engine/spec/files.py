"""Which directories are scripts, which file is run, and which names can be used.

Pure: names and bytes are brought by whoever reads the tree.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from engine.model.identity import LONGEST_NAME, PORTABLE_NAME, RESERVED_NAMES, ScriptId
from engine.model.tree import Problem

MANIFEST_FILE = "script.yaml"
REQUIREMENTS_FILE = "requirements.txt"
MAIN_FILE = "main.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFiles:
    """What is read of a script's directory to define it."""

    id: ScriptId
    names: frozenset[str]
    """Of the files in the directory itself."""
    manifest: bytes | None
    requirements: bytes | None
    main_source: Callable[[str], bytes | None]
    """Reads a file below the directory by its path there; None when there is no such file."""

    @property
    def directory_name(self) -> str:
        return self.id.rsplit("/", 1)[-1]

    def path(self, name: str) -> str:
        """Return a file's path from the tree's root, for messages."""
        return f"{self.id}/{name}"


def is_script(names: Collection[str], directory_name: str) -> bool:
    """Return whether a directory with files of these names is a script (spec: "The tree")."""
    return MANIFEST_FILE in names or f"{directory_name}.py" in names or MAIN_FILE in names


def default_main(names: Collection[str], directory_name: str) -> str | None:
    """Return the main file of a script that names none; None when it cannot be told."""
    for name in (f"{directory_name}.py", MAIN_FILE):
        if name in names:
            return name
    python_files = python_names(names)
    return python_files[0] if len(python_files) == 1 else None


def python_names(names: Collection[str]) -> list[str]:
    """Return the names of Python files, sorted."""
    return sorted(name for name in names if name.endswith(".py"))


def check_name(path: str) -> Problem | None:
    """Return what is wrong with the last name of a directory's path, if anything.

    Names are checked as they are found, so each directory of a path has its turn.
    """
    name = path.rsplit("/", 1)[-1]
    if not PORTABLE_NAME.match(name) or len(name) > LONGEST_NAME:
        message = (
            f"the directory name {name!r} cannot be used; "
            f"use at most {LONGEST_NAME} of a-z, A-Z, 0-9, '-', '_' and '.', without a leading '.'"
        )
        return Problem(path=path, code="unsafe_name", message=message)
    return None


def impossible_names(names: Collection[str]) -> list[str]:
    """Return those for which `check_name` has something to say; thousands cost next to nothing."""
    if (
        all(map(PORTABLE_NAME.match, names))
        and len(max(names, key=len, default="")) <= LONGEST_NAME
    ):
        return []
    return [name for name in names if check_name(name) is not None]


def check_script_name(script: ScriptId) -> Problem | None:
    """Return what is wrong with the name of a script's directory, if anything."""
    name = script.rsplit("/", 1)[-1]
    if name in RESERVED_NAMES:
        message = f"a script cannot be named {name!r}: the API uses that word; rename the directory"
        return Problem(path=script, code="reserved_name", message=message)
    return check_name(script)
