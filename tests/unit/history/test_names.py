import pytest

from engine.history.names import is_safe_name, is_safe_target


@pytest.mark.parametrize(
    "name",
    [
        b"", b".", b"..", b"a/b", b"a\0b", b".git", b".GIT", b".Git", b"git~1", b"GIT~1", b".git.",
        b".git ", b".git. .", b".git::$INDEX_ALLOCATION", b"x\\.git", b".git\\hooks",
        ".g\u200cit".encode(), "\ufeff.git".encode(),
    ],
)  # fmt: skip
def test_names_that_some_system_takes_for_git_or_a_way_out_are_refused(name: bytes) -> None:
    assert not is_safe_name(name)


@pytest.mark.parametrize(
    "name", [b"main.py", b".gitignore", b".github", b"git", b"git~2", b"...", "é".encode(), b"\xff"]
)
def test_other_names_are_accepted(name: bytes) -> None:
    assert is_safe_name(name)


@pytest.mark.parametrize("target", [b"b", b"../b", b"./c/../b", b"x/y/z"])
def test_links_that_stay_inside_are_accepted(target: bytes) -> None:
    assert is_safe_target((b"dir", b"link"), target)


@pytest.mark.parametrize("target", [b"", b"/etc", b"../..", b"a/../../../b", b"a\0"])
def test_links_that_lead_out_are_refused(target: bytes) -> None:
    assert not is_safe_target((b"dir", b"link"), target)
