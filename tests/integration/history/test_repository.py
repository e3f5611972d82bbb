import stat
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dulwich.objects import Blob, Commit, Tree
from dulwich.repo import Repo

from engine.errors import BrokenRepository, InvalidInput, NotFound
from engine.history.repository import Repository

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


class Git:
    """The real git, as users run it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.directory,
            check=True,
            capture_output=True,
            text=True,
            errors="surrogateescape",
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, message: str = "change") -> str:
        self("add", "-A")
        self("commit", "-q", "-m", message)
        return self("rev-parse", "HEAD")


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A repository with one commit: `etl/load/main.py`, a program, and a link."""
    directory = tmp_path / "repository"
    script = directory / "etl" / "load"
    script.mkdir(parents=True)
    (script / "main.py").write_text("one")
    (script / "tool.sh").write_text("#!/bin/sh\n")
    (script / "tool.sh").chmod(0o755)
    (script / "link.py").symlink_to("main.py")
    git = Git(directory)
    git("init", "-q", "-b", "main")
    git.commit()
    return git


def found(directory: Path) -> Repository:
    repository = Repository.discover(directory)
    assert repository is not None
    return repository


def test_a_directory_outside_any_repository_has_none(tmp_path: Path) -> None:
    assert Repository.discover(tmp_path) is None


def test_a_directory_in_a_bare_repository_is_in_no_work_tree(tmp_path: Path) -> None:
    Git(tmp_path)("init", "-q", "--bare")
    (tmp_path / "scripts").mkdir()

    assert Repository.discover(tmp_path / "scripts") is None


def test_head_is_the_commit_that_is_checked_out(git: Git) -> None:
    assert found(git.directory).head() == git("rev-parse", "HEAD")


def test_head_of_a_repository_without_commits_is_none(tmp_path: Path) -> None:
    Git(tmp_path)("init", "-q")

    assert found(tmp_path).head() is None


def test_head_follows_new_commits_packed_references_and_a_collection(git: Git) -> None:
    repository = found(git.directory)
    seen: list[tuple[str | None, str]] = []
    for number in range(3):
        (git.directory / "etl" / "file").write_text(str(number))
        git.commit()
        git("pack-refs", "--all")
        seen.append((repository.head(), git("rev-parse", "HEAD")))
        git("gc", "-q", "--prune=now")
        seen.append((repository.head(), git("rev-parse", "HEAD")))

    assert all(ours == theirs for ours, theirs in seen)


def test_head_follows_a_checkout_of_another_branch_and_a_detached_one(git: Git) -> None:
    repository = found(git.directory)
    first = repository.head()
    git("checkout", "-q", "-b", "other")
    (git.directory / "new").write_text("x")
    second = git.commit()
    on_branch = repository.head()
    git("checkout", "-q", "--detach", str(first))

    assert (on_branch, repository.head()) == (second, first)


def test_head_follows_a_branch_that_is_moved_without_a_checkout(git: Git) -> None:
    repository = found(git.directory)
    first = repository.head()
    (git.directory / "new").write_text("x")
    second = git.commit()
    seen = [repository.head()]
    git("update-ref", "refs/heads/main", str(first))
    seen.append(repository.head())

    assert seen == [second, first]


@pytest.mark.parametrize("head", [b"ref: refs/heads/a\0b\n", b"ref: refs/../config\n"])
def test_a_head_that_names_no_branch_gives_no_commit(git: Git, head: bytes) -> None:
    repository, commit = found(git.directory), "unknown"
    (git.directory / ".git" / "config").write_bytes(b"a" * 40)
    (git.directory / ".git" / "HEAD").write_bytes(head)

    with suppress(BrokenRepository):
        commit = repository.head() or "none"

    assert commit in {"none", "unknown"}


def test_a_linked_work_tree_has_its_own_head(git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    linked = Git(tmp_path / "linked")
    (linked.directory / "new").write_text("x")
    commit = linked.commit()

    assert (found(linked.directory).head(), found(git.directory).head() == commit) == (
        commit,
        False,
    )


def test_a_damaged_repository_is_told_as_such(git: Git) -> None:
    (git.directory / ".git" / "HEAD").write_bytes(b"\0\0nonsense")

    with pytest.raises(BrokenRepository, match="git fsck"):
        found(git.directory).head()


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_damaged_objects_are_told_as_such(git: Git, tmp_path: Path, damage: bytes | None) -> None:
    blob = git("rev-parse", "HEAD:etl/load/main.py")
    file = git.directory / ".git" / "objects" / blob[:2] / blob[2:]
    file.chmod(0o644)
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)

    with pytest.raises(BrokenRepository):
        found(git.directory).export("HEAD", "", tmp_path / "out")


@pytest.mark.parametrize("revision", ["HEAD", "main", "v1", "light", "HEAD~1", "HEAD^", "main~1^0"])
def test_revisions_are_named_as_for_git(git: Git, revision: str) -> None:
    (git.directory / "second").write_text("x")
    git.commit()
    git("tag", "-a", "v1", "-m", "one")
    git("tag", "light", "HEAD~1")
    expected = git("rev-parse", f"{revision}^{{commit}}")

    assert found(git.directory).resolve(revision.removesuffix("^0")) == expected


def test_an_abbreviated_commit_is_found(git: Git) -> None:
    commit = git("rev-parse", "HEAD")

    assert found(git.directory).resolve(commit[:9]) == commit


@pytest.mark.parametrize("revision", ["nothing", "HEAD~7", "", "0" * 40, "..", "é", "zz" * 20])
def test_an_unknown_revision_is_not_found(git: Git, revision: str) -> None:
    with pytest.raises(NotFound, match="no revision"):
        found(git.directory).resolve(revision)


def test_a_pattern_is_excluded_once(git: Git) -> None:
    repository = found(git.directory)
    repository.exclude(".venv")
    repository.exclude(".venv")
    text = (git.directory / ".git" / "info" / "exclude").read_text()

    assert text.splitlines().count(".venv") == 1


def test_an_excluded_link_is_not_seen_by_git(git: Git) -> None:
    found(git.directory).exclude(".venv")
    (git.directory / "etl" / "load" / ".venv").symlink_to("/usr")

    assert git("status", "--porcelain") == ""


def test_in_a_linked_work_tree_a_pattern_is_excluded_where_git_looks(
    git: Git, tmp_path: Path
) -> None:
    git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    found(tmp_path / "linked").exclude(".venv")
    (tmp_path / "linked" / ".venv").symlink_to("/usr")

    assert Git(tmp_path / "linked")("status", "--porcelain") == ""


def test_a_script_is_exported_as_it_was(git: Git, tmp_path: Path) -> None:
    before = git("rev-parse", "HEAD")
    (git.directory / "etl" / "load" / "main.py").write_text("two")
    git.commit()
    found(git.directory).export(before, "etl/load", tmp_path / "out")

    assert (tmp_path / "out" / "main.py").read_text() == "one"


def test_a_whole_tree_is_exported_with_programs_and_links(git: Git, tmp_path: Path) -> None:
    found(git.directory).export("HEAD", "", tmp_path / "out")
    script = tmp_path / "out" / "etl" / "load"

    assert (
        bool((script / "tool.sh").stat().st_mode & stat.S_IXUSR),
        (script / "link.py").readlink(),
    ) == (True, Path("main.py"))


def test_a_tree_below_the_repository_is_exported_from_where_it_is(git: Git, tmp_path: Path) -> None:
    found(git.directory / "etl").export("HEAD", "load", tmp_path / "out")

    assert (tmp_path / "out" / "main.py").read_text() == "one"


def test_a_directory_that_was_not_there_is_not_found(git: Git, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="etl/nothing"):
        found(git.directory).export("HEAD", "etl/nothing", tmp_path / "out")


def test_nothing_is_exported_over_what_is_there(git: Git, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(InvalidInput, match="is there already"):
        found(git.directory).export("HEAD", "", tmp_path / "out")


def forged(git: Git, *entries: tuple[bytes, int, bytes], nested: bytes | None = None) -> str:
    """Commit a tree that git itself would refuse to make; `nested`: one directory down."""
    with Repo(str(git.directory)) as repo:
        tree = Tree()
        for name, mode, content in entries:
            blob = Blob.from_string(content)
            repo.object_store.add_object(blob)
            tree.add(name, mode, blob.id)
        repo.object_store.add_object(tree)
        if nested is not None:
            inner, tree = tree, Tree()
            tree.add(nested, 0o40000, inner.id)
            repo.object_store.add_object(tree)
        commit = Commit()
        commit.tree, commit.parents = tree.id, []
        commit.author = commit.committer = b"x <x>"
        commit.author_time = commit.commit_time = 0
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = b"forged"
        repo.object_store.add_object(commit)
        return commit.id.decode()


FILE, LINK = 0o100644, 0o120000


@pytest.mark.parametrize(
    "entries",
    [
        [(b"..", FILE, b"x")],
        [(b".git", FILE, b"x")],
        [(b".GIT", FILE, b"x")],
        [(b"git~1", FILE, b"x")],
        [(b"a/../../b", FILE, b"x")],
        [(b"link", LINK, b"/etc/passwd")],
        [(b"link", LINK, b"../outside")],
        [(b"a", LINK, b"b/.."), (b"b", LINK, b".")],
    ],
    ids=str,
)
def test_a_commit_that_leads_out_of_the_checkout_is_refused(
    git: Git, tmp_path: Path, entries: list[tuple[bytes, int, bytes]]
) -> None:
    commit = forged(git, *entries)

    with pytest.raises(InvalidInput):
        found(git.directory).export(commit, "", tmp_path / "out")


def test_a_refused_commit_leaves_nothing_behind(git: Git, tmp_path: Path) -> None:
    commit = forged(git, (b"a", FILE, b"x"), (b"..", FILE, b"x"))
    with pytest.raises(InvalidInput):
        found(git.directory).export(commit, "", tmp_path / "out" / "deep")

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("nested", [b"..", b".git", b".git "])
def test_a_directory_that_leads_out_of_the_checkout_is_refused(
    git: Git, tmp_path: Path, nested: bytes
) -> None:
    commit = forged(git, (b"hooks", FILE, b"x"), nested=nested)

    with pytest.raises(InvalidInput):
        found(git.directory).export(commit, "", tmp_path / "out")


def test_a_submodule_is_left_out(git: Git, tmp_path: Path) -> None:
    head = git("rev-parse", "HEAD")
    git("update-index", "--add", "--cacheinfo", f"160000,{head},module")
    git("commit", "-q", "-m", "module")
    found(git.directory).export("HEAD", "", tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["etl"]


def test_a_clean_script_is_not_dirty(git: Git) -> None:
    (git.directory / ".gitignore").write_text("__pycache__\n")
    git.commit()
    cache = git.directory / "etl" / "load" / "__pycache__"
    cache.mkdir()
    (cache / "main.pyc").write_text("x")

    assert not found(git.directory).dirty("etl/load")


@pytest.mark.parametrize("change", ["edit", "add", "remove", "mode"])
def test_a_changed_script_is_dirty(git: Git, change: str) -> None:
    script = git.directory / "etl" / "load"
    if change == "edit":
        (script / "main.py").write_text("two")
    elif change == "add":
        (script / "new.py").write_text("x")
    elif change == "remove":
        (script / "main.py").unlink()
    else:
        (script / "main.py").chmod(0o755)

    assert found(git.directory).dirty("etl/load")


def test_a_script_that_was_never_committed_is_dirty(git: Git) -> None:
    (git.directory / "new").mkdir()
    (git.directory / "new" / "main.py").write_text("x")

    assert found(git.directory).dirty("new")


def a_tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "a" / "deep").mkdir(parents=True)
    (tree / "a" / "main.py").write_text("x")
    (tree / "a" / "deep" / "caf\udce9.txt").write_text("x")
    (tree / "a" / "tool").write_text("x")
    (tree / "a" / "tool").chmod(0o755)
    (tree / "a" / "link").symlink_to("main.py")
    (tree / "a" / ".venv").symlink_to("/usr")
    (tree / "a" / "__pycache__").mkdir()
    (tree / "a" / "__pycache__" / "x.pyc").write_text("x")
    return tree


def test_a_tree_without_a_repository_gets_one_with_all_its_files(tmp_path: Path) -> None:
    tree = a_tree(tmp_path)
    Repository.init_if_missing(tree, NOW)

    names = Git(tree)("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "HEAD")

    assert names.split("\n") == [
        ".gitignore",
        "a/deep/caf\udce9.txt",
        "a/link",
        "a/main.py",
        "a/tool",
    ]


def test_a_new_repository_is_whole_and_clean_for_git(tmp_path: Path) -> None:
    tree = a_tree(tmp_path)
    Repository.init_if_missing(tree, NOW)
    git = Git(tree)

    assert (git("status", "--porcelain"), git("fsck", "--strict"), git("branch")) == (
        "",
        "",
        "* main",
    )


def test_a_new_repository_ignores_what_runs_leave(tmp_path: Path) -> None:
    Repository.init_if_missing(a_tree(tmp_path), NOW)

    assert (tmp_path / "tree" / ".gitignore").read_text() == ".venv\n__pycache__\n*.pyc\n"


def test_the_first_commit_has_the_time_it_is_given(tmp_path: Path) -> None:
    Repository.init_if_missing(a_tree(tmp_path), NOW)

    assert Git(tmp_path / "tree")("log", "-1", "--format=%ct") == str(int(NOW.timestamp()))


def test_a_new_repository_does_not_collect_garbage_by_itself(tmp_path: Path) -> None:
    Repository.init_if_missing(a_tree(tmp_path), NOW)

    assert Git(tmp_path / "tree")("config", "gc.auto") == "0"


def test_a_new_repository_has_the_head_of_its_first_commit(tmp_path: Path) -> None:
    repository = Repository.init_if_missing(a_tree(tmp_path), NOW)

    assert repository.head() == Git(tmp_path / "tree")("rev-parse", "HEAD")


def test_an_empty_tree_gets_a_repository_too(tmp_path: Path) -> None:
    repository = Repository.init_if_missing(tmp_path, NOW)

    assert repository.head() is not None


def test_a_tree_in_a_repository_is_left_as_it_is(git: Git) -> None:
    before = git("rev-parse", "HEAD")
    repository = Repository.init_if_missing(git.directory / "etl", NOW)

    assert (repository.head(), git("status", "--porcelain")) == (before, "")


def test_a_repository_inside_the_tree_is_not_committed(tmp_path: Path) -> None:
    tree = a_tree(tmp_path)
    Git(tree / "a" / "deep")("init", "-q")
    Repository.init_if_missing(tree, NOW)

    assert "deep" not in Git(tree)("ls-tree", "-r", "--name-only", "HEAD")


def test_the_users_own_ignore_file_does_not_decide_what_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").write_text("*.py\n")
    (tmp_path / ".gitconfig").write_text(f"[core]\n\texcludesFile = {tmp_path / 'mine'}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    Repository.init_if_missing(a_tree(tmp_path), NOW)

    assert "a/main.py" in Git(tmp_path / "tree")("ls-tree", "-r", "--name-only", "HEAD")


def test_no_hook_runs_for_the_first_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "post-commit", "commit-msg"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    Repository.init_if_missing(a_tree(tmp_path), NOW)

    assert not (tmp_path / "ran").exists()
