"""The project's own files, as the architecture tests look at them."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "web", "schemas")
REFERENCE = ROOT / "docs" / "reference"


@cache
def modules() -> tuple[Path, ...]:
    """Return the modules of the product, from the root."""
    return tuple(
        sorted(path.relative_to(ROOT) for each in PACKAGES for path in (ROOT / each).rglob("*.py"))
    )


@cache
def syntax(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


@cache
def pages() -> tuple[Path, ...]:
    """Return every Markdown page, from the root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return tuple(sorted(path.relative_to(ROOT) for path in found))


@cache
def text_of(page: Path) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def code_blocks(page: Path, *languages: str) -> list[str]:
    """Return the fenced blocks of a page in these languages, empty for a block without one."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


def tracked_files() -> list[Path]:
    """Return the files that git keeps, from the root; those being deleted are left out.

    The checkout may be another account's, as in a container that mounts it.
    """
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    paths = [Path(name) for name in listed.stdout.split("\0") if name]
    return [path for path in paths if (ROOT / path).is_file()]


def imports(module: Path) -> Iterator[str]:
    """Yield the full names of the modules that a module imports."""
    for node in ast.walk(syntax(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def calls(module: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls in a module with the last part of what is called."""
    for node in ast.walk(syntax(module)):
        if isinstance(node, ast.Call):
            target = node.func
            name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
            yield name, node
