"""Write files of a commit into a new directory, so that no name in it can lead elsewhere.

Every directory is made by this checkout and links are written last, so nothing
is ever written through a link. The directory appears under its final name only
when it is complete.
"""

import os
import secrets
import shutil
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InvalidInput
from engine.history.modes import EXECUTABLE, LINK
from engine.history.names import is_safe_name, is_safe_target


@dataclass(frozen=True, slots=True)
class Item:
    """A file or link of a commit."""

    path: tuple[bytes, ...]
    """Its parts, from where the checkout begins."""
    mode: int
    """As git has it."""
    content: bytes


def write_checkout(items: Iterable[Item], destination: Path) -> None:
    """Write a commit's files into `destination`, which must not exist.

    Raises InvalidInput for a name or link that is not safe, OSError when it cannot be written.
    """
    with _beside(destination) as directory:
        links: list[Item] = []
        for item in items:
            _check(item)
            if item.mode == LINK:
                links.append(item)
            else:
                _write_file(directory, item)
        for link in links:
            _write_link(directory, link)
        for link in links:
            _check_link(directory, link)


@contextmanager
def _beside(destination: Path) -> Generator[Path]:
    if destination.exists() or destination.is_symlink():
        raise InvalidInput(f"{destination}: is there already; name a directory that is not")
    destination.parent.mkdir(parents=True, exist_ok=True)
    directory = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}")
    directory.mkdir()
    try:
        yield directory
        directory.rename(destination)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _check(item: Item) -> None:
    if not item.path or not all(is_safe_name(part) for part in item.path):
        raise InvalidInput(
            f"{_shown(item)}: the commit holds a name that is not written to disk, because it "
            "could lead out of the checkout or into git's own files; remove it in a new commit"
        )
    if item.mode == LINK and not is_safe_target(item.path, item.content):
        raise InvalidInput(_leaves(item))


def _write_file(directory: Path, item: Item) -> None:
    path = _place(directory, item)
    # "x": each name once, and nothing that is there already is written to.
    with path.open("xb") as file:
        file.write(item.content)
    if item.mode == EXECUTABLE:
        path.chmod(0o755)


def _write_link(directory: Path, item: Item) -> None:
    _place(directory, item).symlink_to(os.fsdecode(item.content))


def _check_link(directory: Path, item: Item) -> None:
    # By its text alone a link may stay inside, and leave through another link.
    real = os.path.realpath(_path(directory, item))
    if not Path(real).is_relative_to(os.path.realpath(directory)):
        raise InvalidInput(_leaves(item))


def _path(directory: Path, item: Item) -> Path:
    return directory.joinpath(*map(os.fsdecode, item.path))


def _place(directory: Path, item: Item) -> Path:
    path = _path(directory, item)
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.realpath(path.parent) != f"{os.path.realpath(directory)}{_below(item)}":
        raise InvalidInput(_leaves(item))
    return path


def _below(item: Item) -> str:
    return "".join(f"/{os.fsdecode(part)}" for part in item.path[:-1])


def _leaves(item: Item) -> str:
    return f"{_shown(item)}: the commit holds a link that leaves the tree; replace it"


def _shown(item: Item) -> str:
    return b"/".join(item.path).decode("utf-8", "backslashreplace")
