"""Decide by name alone what is looked at (spec.md §2).

Pure, and shared by the scan and the watcher, so that what is not scanned does
not wake anybody either. The rule for directories is the contract's; of files,
only what editors leave beside the real one is left out: `_helper.py` and
`__init__.py` are source, and a change to them is a change of the script.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

_DIRECTORIES = frozenset({"__pycache__", "node_modules", "venv"})
_LEFTOVERS = ("~", ".pyc", ".pyo", ".swp", "___jb_tmp___", "___jb_old___")
_VIM_PROBE = "4913"
"""vim creates and removes a file of this name to learn whether it may write."""


def is_ignored_directory(name: str) -> bool:
    """Tell whether a directory of this name is not looked into."""
    return name.startswith((".", "_")) or name in _DIRECTORIES


@lru_cache(maxsize=4096)
def is_ignored_file(name: str) -> bool:
    """Tell whether a file of this name is hidden, or an editor's or compiler's by-product."""
    return name.startswith((".", "#")) or name.endswith(_LEFTOVERS) or name == _VIM_PROBE


def is_ignored_path(parts: Sequence[str]) -> bool:
    """Tell whether a path, as its parts from the tree's root, is not looked at.

    The last part may name a file or a directory, which a path of something that
    is gone does not tell, so it is left out only when it would be as a file, or
    when it is a directory's reserved name.
    """
    if any(is_ignored_directory(part) for part in parts[:-1]):
        return True
    return bool(parts) and (is_ignored_file(parts[-1]) or parts[-1] in _DIRECTORIES)


def case_collisions(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of names that are one and the same on macOS and Windows."""
    names = tuple(names)
    if len({name.casefold() for name in names}) == len(names):
        return ()
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[name.casefold()].append(name)
    return tuple(tuple(sorted(group)) for _, group in sorted(groups.items()) if len(group) > 1)


def printable(path: str) -> str:
    r"""Return a path that can be shown, with undecodable bytes and control characters as \x…."""
    return "".join(_shown(character) for character in path)


def _shown(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character if character.isprintable() else f"\\x{ord(character):02x}"
