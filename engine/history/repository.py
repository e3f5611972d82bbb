"""The git repository that a tree of scripts is in: the only door to dulwich.

The tree may be the repository's work tree or a directory below it, in a linked
work tree or not. Nothing here runs a hook or a filter, and nothing reads the
user's own git configuration to decide what is done.

`head` is asked for at each run and reads one or two small files. Whatever needs
objects opens the repository for as long as it takes, since open packs would
keep their files mapped, and miss what a `git gc` beside us does.
"""

import os
import re
import shutil
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from dulwich.errors import ChecksumMismatch, FileFormatException, NotGitRepository
from dulwich.ignore import IgnoreFilterManager
from dulwich.objects import Blob, Commit, ObjectID, Tree, valid_hexsha
from dulwich.objectspec import parse_commit
from dulwich.refs import Ref
from dulwich.repo import Repo

from engine.errors import BrokenRepository, NotFound
from engine.history.checkout import Item, write_checkout
from engine.history.commit import commit_files, readable_content
from engine.history.files import files_to_commit
from engine.history.head import LooseHead
from engine.history.modes import as_git_has_it
from engine.history.objects import entries, parts_of
from engine.history.record import Message, Place, left_out, record

BRANCH = Ref(b"refs/heads/main")
_HEAD = Ref(b"HEAD")
IGNORED = (".venv", "__pycache__", "*.pyc")
"""Lines of the `.gitignore` that a new repository gets (spec.md §2)."""

_ANCESTOR = re.compile(r"(?P<name>.+?)(?P<steps>(?:~\d*|\^)*)\Z", re.DOTALL)
_DAMAGE = (KeyError, ValueError, AssertionError, zlib.error, FileFormatException, ChecksumMismatch)
"""What dulwich raises for objects that are missing or damaged."""
UNFINISHED = "pysched-unfinished"
"""In a repository's control directory for as long as its first commit is not made."""
_ASIDE = ".pysched-begin-"


class Repository:
    """The repository around one tree. Safe to use from several threads."""

    def __init__(self, work_tree: Path, prefix: str) -> None:
        """Use the repository whose work tree is given; `prefix` is the tree's path in it."""
        self.work_tree = work_tree
        self.prefix = prefix
        with self._opened() as repo:
            self._refs = repo.refs
            self._common = Path(repo.commondir())
            self._head = LooseHead(Path(repo.controldir()), self._common)

    @classmethod
    def discover(cls, tree: Path) -> "Repository | None":
        """Return the repository that a directory is in, None when it is in none.

        One whose first commit `init_if_missing` did not finish is none yet.
        Raises BrokenRepository for one that cannot be read.
        """
        real = Path(os.path.realpath(tree))
        try:
            with closing(Repo.discover(real)) as repo:
                bare, root = repo.bare, Path(os.path.realpath(repo.path))
                unfinished = (Path(repo.controldir()) / UNFINISHED).exists()
        except NotGitRepository:
            return None
        except (OSError, *_DAMAGE) as error:
            raise _broken(real, error) from error
        if bare or unfinished:
            return None
        prefix = real.relative_to(root).as_posix()
        return cls(root, "" if prefix == "." else prefix)

    @classmethod
    def init_if_missing(cls, tree: Path, now: datetime) -> "Repository":
        """Return the tree's repository; create one, with all files in a commit, if there is none.

        `now` is the time of that commit. A file over 50 MB is not committed.
        Raises BrokenRepository when it cannot be created.
        """
        found = cls.discover(tree)
        if found is not None:
            return found
        try:
            _write_ignore_file(tree)
            with closing(_begun(tree)) as repo:
                _configure(repo)
                # A person may have committed in what a kill left.
                if not repo.get_refs():
                    files = files_to_commit(repo.path, _ignored(repo, ""))
                    commit_files(repo, files, BRANCH, "Begin the history of the scripts", now)
                (Path(repo.controldir()) / UNFINISHED).unlink(missing_ok=True)
        except OSError as error:
            raise _broken(tree, error) from error
        return cls(Path(os.path.realpath(tree)), "")

    def head(self) -> str | None:
        """Return the id of the commit that is checked out, None before the first one."""
        try:
            head = self._head.read() or self._refs[_HEAD]
        except KeyError:
            return None
        except (OSError, *_DAMAGE) as error:
            raise _broken(self.work_tree, error) from error
        if not valid_hexsha(head):
            raise _broken(self.work_tree, ValueError("HEAD names no commit"))
        return head.decode()

    def resolve(self, revision: str) -> str:
        """Return the commit id of a branch, tag, abbreviated or full id, or `HEAD`.

        Raises NotFound when there is no such commit.
        """
        with self._opened() as repo:
            return _commit(repo, revision).id.decode()

    def exclude(self, pattern: str) -> None:
        """Have git ignore a pattern in this clone alone; does nothing if it does already."""
        file = self._common / "info" / "exclude"
        try:
            text = file.read_text(errors="surrogateescape") if file.exists() else ""
            if pattern in text.splitlines():
                return
            file.parent.mkdir(exist_ok=True)
            begin = "" if not text or text.endswith("\n") else "\n"
            with file.open("a") as stream:
                stream.write(f"{begin}{pattern}\n")
        except OSError as error:
            raise _broken(self.work_tree, error) from error

    def export(self, revision: str, prefix: str, destination: Path) -> None:
        """Write the files of a revision into a new directory.

        `prefix` is a directory of the tree, such as a script's id; empty for all of
        it. Submodules are left out. Raises NotFound when the revision does not have
        it, InvalidInput when the commit holds names or links that are not safe.
        """
        with self._opened() as repo:
            commit = _commit(repo, revision)
            tree = self._directory(repo, commit, prefix)
            try:
                write_checkout(_items(repo, tree), destination)
            except OSError as error:
                raise _broken(destination, error) from error

    def dirty(self, prefix: str) -> bool:
        """Tell whether a directory of the tree differs from what is checked out in git.

        Costs a read of its files: meant for one script, not for the tree. Ignored
        files do not count.
        """
        head = self.head()
        with self._opened() as repo:
            committed: dict[tuple[bytes, ...], tuple[int, ObjectID]] = {}
            if head is not None:
                with suppress(NotFound):
                    tree = self._directory(repo, _commit(repo, head), prefix)
                    committed = {path: (mode, blob) for path, mode, blob in entries(repo, tree)}
            return committed != self._on_disk(repo, prefix)

    def _on_disk(self, repo: Repo, prefix: str) -> dict[tuple[bytes, ...], tuple[int, ObjectID]]:
        """Return what committing a directory of the tree would give."""
        place = self._in_work_tree(prefix)
        ignored = _ignored(repo, f"{place}/" if place else "")
        root = str(self.work_tree / place)
        found: dict[tuple[bytes, ...], tuple[int, ObjectID]] = {}
        for file in files_to_commit(root, ignored):
            content = readable_content(f"{root}/{file.path}", file.status)
            if content is not None:
                found[parts_of(file.path)] = (
                    as_git_has_it(file.status.st_mode),
                    Blob.from_string(content).id,
                )
        return found

    def record(self, places: Mapping[str, Path], message: Message) -> str | None:
        """Commit files or directories of the tree as they are, as `git commit -- PATHS` does.

        `places` are their paths in the tree, with where they lie now; what is not there is
        removed from the commit. Returns the commit, None when nothing is new in it. Raises
        Unavailable while git is at work on the repository, and BrokenRepository, as for a
        file that is there and cannot be read.
        """
        with self._opened() as repo:
            wanted = [Place(self._in_work_tree(at), found) for at, found in places.items()]
            commit = record(repo, wanted, message, _ignored(repo, ""))
        return commit.decode() if commit else None

    def left_out(self, place: str, found: Path) -> list[str]:
        """Return the files of a directory of the tree that no commit of it would hold.

        `found` is where it lies now. Not counted is what programs make anew: environments
        and compiled files. Raises BrokenRepository, as for what cannot be read.
        """
        with self._opened() as repo:
            return left_out(repo, Place(self._in_work_tree(place), found), _ignored(repo, ""))

    def _in_work_tree(self, place: str) -> str:
        return "/".join(part for part in (self.prefix, place) if part)

    @contextmanager
    def _opened(self) -> Generator[Repo]:
        try:
            with closing(Repo(str(self.work_tree))) as repo:
                yield repo
        except (NotGitRepository, OSError, *_DAMAGE) as error:
            raise _broken(self.work_tree, error) from error

    def _directory(self, repo: Repo, commit: Commit, prefix: str) -> Tree:
        """Return the tree object of a directory of the tree in a commit."""
        path = self._in_work_tree(prefix)
        found = repo[commit.tree]
        for part in path.split("/") if path else ():
            try:
                found = repo[found[os.fsencode(part)][1]] if isinstance(found, Tree) else None
            except KeyError:
                found = None
        if not isinstance(found, Tree):
            raise NotFound(f"{prefix or 'the tree'}: not there in commit {commit.id.decode()[:12]}")
        return found


def _commit(repo: Repo, revision: str) -> Commit:
    """Return the commit that a revision names, `~N` and `^` after it included."""
    match = _ANCESTOR.match(revision)
    try:
        if match is None:
            raise KeyError(revision)
        commit = parse_commit(repo, os.fsencode(match["name"]))
        for step in re.findall(r"~\d*|\^", match["steps"]):
            for _ in range(int(step[1:] or 1)):
                commit = parse_commit(repo, commit.parents[0])
    except (KeyError, ValueError, IndexError) as error:
        raise NotFound(
            f"there is no revision {revision!r} in {repo.path}; "
            "name a branch, a tag or a commit that `git log` shows"
        ) from error
    return commit


def _items(repo: Repo, tree: Tree) -> Iterator[Item]:
    for path, mode, blob in entries(repo, tree):
        content = repo[blob]
        if isinstance(content, Blob):
            yield Item(path, mode, content.data)


def _ignored(repo: Repo, prefix: str) -> Callable[[str], bool]:
    # Not the user's own configuration: what is committed must not depend on who serves.
    rules = IgnoreFilterManager.from_repo(repo, config=repo.get_config())
    return lambda path: rules.is_ignored(prefix + path) is True


def _write_ignore_file(tree: Path) -> None:
    file = tree / ".gitignore"
    if not file.exists():
        file.write_text("".join(f"{line}\n" for line in IGNORED))


def _begun(tree: Path) -> Repo:
    """Return the tree's repository without its first commit, made or left so by a kill."""
    control = tree / ".git"
    if not control.exists():
        for left in tree.glob(f"{_ASIDE}*"):
            shutil.rmtree(left)
        with TemporaryDirectory(prefix=_ASIDE, dir=tree) as aside:
            Repo.init(aside, default_branch=b"main").close()
            made = Path(aside) / ".git"
            (made / UNFINISHED).touch()
            made.rename(control)
    return Repo(str(tree))


def _configure(repo: Repo) -> None:
    config = repo.get_config()
    # Collecting garbage within a commit took 7 of its 9 seconds; it is done by a timer.
    config.set((b"gc",), b"auto", b"0")
    config.write_to_path()


def _broken(place: Path, error: BaseException) -> BrokenRepository:
    return BrokenRepository(
        f"{place}: the git repository cannot be used: {error}. "
        "Look at it with `git status` and `git fsck` there"
    )
