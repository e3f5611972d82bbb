"""Put files and directories of the work tree, as they are, on top of what is checked out.

Like `git commit -- PATHS`: what else was changed, or staged, stays as it is. Object by
object and without hooks and filters, as all commits here (see `commit`). The index comes
first: whoever holds its lock, git beside us, is not disturbed, and if we die before the
branch has moved, nothing is lost but the message.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from dulwich.file import FileLocked
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from engine.errors import Unavailable
from engine.history.commit import IDENTITY, Writer, read_content, write_trees
from engine.history.files import Found, files_to_commit
from engine.history.index import Leaf, stage
from engine.history.modes import DIRECTORY, as_git_has_it
from engine.history.objects import Parts, parts_of, tracked

_HEAD = Ref(b"HEAD")
_UNDER_WAY: Final = (
    "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply",
)  # fmt: skip
"""In a control directory while git is in the middle of something that ends in commits."""
_ATTEMPTS: Final = 5
_MADE_ANEW: Final = frozenset({".venv", "__pycache__"})

Ignored = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a commit says beside its content."""

    text: str
    author: str
    """The name of who asked for it."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A file or directory of the work tree that is recorded."""

    path: str
    """From the work tree's root, with forward slashes."""
    found: Path
    """Where it lies now."""


class _Loose:
    """Writes one object at a time; a pack for each small commit would make thousands."""

    def __init__(self, repo: Repo) -> None:
        self._store = repo.object_store

    def add(self, item: ShaFile) -> ObjectID:
        self._store.add_object(item)
        return item.id


def record(
    repo: Repo, places: Sequence[Place], message: Message, ignored: Ignored
) -> ObjectID | None:
    """Commit the places as they are; one where nothing lies is no more in the commit.

    Returns the commit; None when it would say nothing new. Raises Unavailable when git is at
    work on the repository, and OSError, as for a file that is there and cannot be read.
    """
    _check_quiet(repo)
    for _ in range(_ATTEMPTS):
        head = _head(repo)
        before = _root(repo, head)
        writer = _Loose(repo)
        tree: Tree | None = before
        leaves: dict[str, dict[Parts, Leaf]] = {}
        for place in places:
            found = _files(repo, before, place, ignored)
            leaves[place.path] = {
                path: leaf
                for path, file in found.items()
                if (leaf := _leaf(writer, file)) is not None
            }
            entry = _entry(writer, leaves[place.path])
            tree = _with(repo, writer, tree, parts_of(place.path), entry)
        tree = tree or Tree()
        if head is not None and tree.id == before.id:
            return None
        writer.add(tree)
        commit = _commit(tree.id, head, message)
        writer.add(commit)
        _stage(repo, leaves)
        if _move(repo, head, commit):
            return commit.id
    raise Unavailable("the branch that is checked out moves on all the time; try again")


def left_out(repo: Repo, place: Place, ignored: Ignored) -> list[str]:
    """Return the files of a directory that `record` would leave out, by path from there.

    Raises OSError.
    """
    held = _files(repo, _root(repo, _head(repo)), place, ignored)
    found: list[str] = []
    for directory, below, names in os.walk(place.found, onerror=_raise_unless_gone):
        below[:] = sorted(name for name in below if name not in _MADE_ANEW)
        where = os.path.relpath(directory, place.found)
        for name in sorted(names):
            path = name if where == "." else f"{where}/{name}"
            is_made_anew = name in _MADE_ANEW or name.endswith(".pyc")
            if not is_made_anew and parts_of(path) not in held:
                found.append(path)
    return found


def _files(repo: Repo, root: Tree, place: Place, ignored: Ignored) -> dict[Parts, Found]:
    """Return what a commit of a place holds, by path below it; a file itself has the empty path.

    Files that are committed already are in it even if they are ignored, as git does.
    """
    found: dict[Parts, Found] = {}
    if place.found.is_dir() and not place.found.is_symlink():
        below = files_to_commit(
            str(place.found), lambda path: ignored(f"{place.path}/{path}"), whole=True
        )
        for file in below:
            path = f"{place.found}/{file.path}"
            found[parts_of(file.path)] = Found(path, file.status)
    known = tracked(repo, root, parts_of(place.path))
    for parts in {*known, ()} - found.keys():
        path = "/".join((str(place.found), *map(os.fsdecode, parts)))
        with suppress(FileNotFoundError, NotADirectoryError):
            status = os.lstat(path)
            is_file = stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
            if is_file and (parts in known or not ignored(place.path)):
                found[parts] = Found(path, status)
    return found


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _leaf(writer: Writer, file: Found) -> Leaf | None:
    """Write a file's content; None when it is gone by now."""
    content = read_content(file.path, file.status)
    if content is None:
        return None
    blob = writer.add(Blob.from_string(content))
    return Leaf(as_git_has_it(file.status.st_mode), blob, file.status)


def _entry(writer: Writer, leaves: Mapping[Parts, Leaf]) -> tuple[int, ObjectID] | None:
    """Return what stands for a place in the directory around it; None for nothing."""
    if () in leaves:
        return leaves[()].mode, leaves[()].blob
    if not leaves:
        return None
    paths = {b"/".join(path): (leaf.mode, leaf.blob) for path, leaf in leaves.items()}
    return DIRECTORY, write_trees(writer, paths)


def _with(
    repo: Repo,
    writer: Writer,
    tree: Tree | None,
    path: Sequence[bytes],
    entry: tuple[int, ObjectID] | None,
) -> Tree | None:
    """Return a directory with something else at a path; None when nothing is left in it."""
    name, rest = path[0], path[1:]
    fresh = Tree()
    for each in tree.iteritems() if tree is not None else ():
        if each.path != name:
            fresh.add(each.path, each.mode, each.sha)
    if rest:
        below = _with(repo, writer, _below(repo, tree, name), rest, entry)
        entry = None if below is None else (DIRECTORY, writer.add(below))
    if entry is not None:
        fresh.add(name, *entry)
    return fresh if len(fresh) else None


def _below(repo: Repo, tree: Tree | None, name: bytes) -> Tree | None:
    found = repo[tree[name][1]] if tree is not None and name in tree else None
    return found if isinstance(found, Tree) else None


def _head(repo: Repo) -> ObjectID | None:
    try:
        return repo.refs[_HEAD]
    except KeyError:
        return None


def _root(repo: Repo, head: ObjectID | None) -> Tree:
    commit = repo[head] if head is not None else None
    root = repo[commit.tree] if isinstance(commit, Commit) else None
    return root if isinstance(root, Tree) else Tree()


def _commit(tree: ObjectID, head: ObjectID | None, message: Message) -> Commit:
    name = re.sub(r"[<>\s]+", " ", message.author).strip() or "unknown"
    address = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.") or "unknown"
    commit = Commit()
    commit.tree = tree
    commit.parents = [head] if head is not None else []
    commit.author = f"{name} <{address}@localhost>".encode()
    commit.committer = IDENTITY
    commit.author_time = commit.commit_time = int(message.at.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = message.text.encode(errors="replace") + b"\n"
    return commit


def _stage(repo: Repo, places: Mapping[str, Mapping[Parts, Leaf]]) -> None:
    leaves = {
        b"/".join((os.fsencode(place), *parts)): leaf
        for place, found in places.items()
        for parts, leaf in found.items()
    }
    try:
        stage(repo.index_path(), [os.fsencode(place) for place in places], leaves)
    except FileLocked as error:
        raise _busy("another git command holds its index") from error


def _move(repo: Repo, head: ObjectID | None, commit: Commit) -> bool:
    """Have the branch that is checked out name the commit; False when it has moved meanwhile."""
    try:
        return repo.refs.set_if_equals(
            _HEAD,
            head,
            commit.id,
            committer=IDENTITY,
            timestamp=commit.commit_time,
            timezone=0,
            message=b"commit: " + commit.message.splitlines()[0],
        )
    except FileLocked as error:
        raise _busy("another git command holds its branch") from error


def _check_quiet(repo: Repo) -> None:
    control = Path(repo.controldir())
    for name in _UNDER_WAY:
        if (control / name).exists():
            raise _busy(f"a merge, rebase or the like is under way in it ({name})")


def _busy(why: str) -> Unavailable:
    return Unavailable(f"the git repository of the tree takes no commit: {why}")
