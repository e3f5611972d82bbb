"""Build a commit object by object, without git's hooks and filters.

`git commit`, and dulwich's likeness of it, run hooks and filters that the
repository's configuration names. Whoever can push files must not get commands
run by the server, so blobs, trees and the commit are written as they are, and
in packs: one file a blob takes seconds for ten thousand.
"""

import errno
import os
import stat
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from dulwich.index import Index, index_entry_from_stat
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from engine.history.files import Found
from engine.history.modes import DIRECTORY, as_git_has_it

IDENTITY = b"PyScheduler <pysched@localhost>"
_PACK_BYTES = 32_000_000
_PACK_OBJECTS = 5_000
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class Writer(Protocol):
    """Adds objects to a repository."""

    def add(self, item: ShaFile) -> ObjectID: ...


class PackWriter:
    """Adds objects to a repository in packs of bounded size."""

    def __init__(self, repo: Repo) -> None:
        """Write into the repository's object store."""
        self._repo = repo
        self._waiting: list[tuple[ShaFile, str | None]] = []
        self._bytes = 0

    def add(self, item: ShaFile) -> ObjectID:
        self._waiting.append((item, None))
        self._bytes += item.raw_length()
        if self._bytes > _PACK_BYTES or len(self._waiting) >= _PACK_OBJECTS:
            self.flush()
        return item.id

    def flush(self) -> None:
        if self._waiting:
            self._repo.object_store.add_objects(self._waiting)
            self._waiting, self._bytes = [], 0


def commit_files(
    repo: Repo, files: Iterable[Found], branch: Ref, message: str, now: datetime
) -> bool:
    """Make the given files the first commit of `branch`, and stage them.

    A file that cannot be read is left out. False when somebody else has made a first
    commit meanwhile: then that one stays.
    """
    writer = PackWriter(repo)
    index = Index(repo.index_path(), read=False)
    paths: dict[bytes, tuple[int, ObjectID]] = {}
    for found in files:
        content = readable_content(f"{repo.path}/{found.path}", found.status)
        if content is None:
            continue
        mode = as_git_has_it(found.status.st_mode)
        name = os.fsencode(found.path)
        blob = writer.add(Blob.from_string(content))
        paths[name] = (mode, blob)
        index[name] = index_entry_from_stat(found.status, blob, mode=mode)
    tree = write_trees(writer, paths)
    commit = _commit(tree, message, now)
    writer.add(commit)
    writer.flush()
    if repo.get_refs():
        return False
    index.write()
    # Not `set_if_equals`: to it, None for what was there before means "whatever it was".
    return repo.refs.add_if_new(branch, commit.id)


def write_trees(writer: Writer, paths: dict[bytes, tuple[int, ObjectID]]) -> ObjectID:
    """Write the directories of the files in `paths`; returns the root's id."""
    trees: dict[bytes, Tree] = {b"": Tree()}
    for path, (mode, blob) in paths.items():
        folder, _, name = path.rpartition(b"/")
        _tree_at(trees, folder).add(name, mode, blob)
    for folder in sorted((f for f in trees if f), key=lambda f: f.count(b"/"), reverse=True):
        above, _, name = folder.rpartition(b"/")
        _tree_at(trees, above).add(name, DIRECTORY, writer.add(trees[folder]))
    return writer.add(trees[b""])


def _tree_at(trees: dict[bytes, Tree], folder: bytes) -> Tree:
    if folder not in trees:
        trees[folder] = Tree()
        _tree_at(trees, folder.rpartition(b"/")[0])
    return trees[folder]


def _commit(tree: ObjectID, message: str, now: datetime) -> Commit:
    commit = Commit()
    commit.tree = tree
    commit.parents = []
    commit.author = commit.committer = IDENTITY
    commit.author_time = commit.commit_time = int(now.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = message.encode() + b"\n"
    return commit


def read_content(path: str, status: os.stat_result) -> bytes | None:
    """Return what git stores of a file or link; None when it is there no more.

    Raises OSError for one that is there and cannot be read.
    """
    try:
        if stat.S_ISLNK(status.st_mode):
            return os.fsencode(Path(path).readlink())
        # Neither a link nor a FIFO that took the file's place meanwhile.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno not in _GONE:
            raise
        return None


def readable_content(path: str, status: os.stat_result) -> bytes | None:
    """Return what git stores of a file or link; None when it cannot be read."""
    try:
        return read_content(path, status)
    except OSError:
        return None
