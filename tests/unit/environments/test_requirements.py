"""What requirements need permission for, and what a lock says."""

import pytest

from engine.environments.requirements import (
    fully_hashed,
    index_options,
    needs_permission,
    normalised_lock,
    pinned,
    refusal,
)

HASHED = "idna==3.10 \\\n    --hash=sha256:aa\nrequests==2.32.0 \\\n    --hash=sha256:bb\n"


@pytest.mark.parametrize(
    "line",
    [
        "requests",
        "requests[socks]>=2.31,<3; python_version < '3.13'",
        "idna==3.10 --hash=sha256:aa",
        "thing @ https://files.example/thing-1.0.whl",
        "thing @ git+https://example/thing.git@abc123",
        "git+ssh://git@example/thing.git",
        "https://files.example/thing-1.0-py3-none-any.whl",
        "",
    ],
)
def test_is_used_without_permission(line: str):
    assert list(needs_permission(f"  {line}  \n")) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example/simple",
        "-i https://example/simple",
        "-r other.txt",
        "-c constraints.txt",
        "-e ./thing",
        "--find-links /wheels",
        "./thing",
        "../thing",
        "/opt/thing",
        "~/thing",
        "thing/",
        "sub/thing",
        "thing-1.0-py3-none-any.whl",
        "thing @ ./thing",
        "thing @ file:///opt/thing",
        "thing@file:/opt/thing",
        "git+file:///opt/thing",
        "file:///opt/thing",
        "thing @ https://example/${UV_DEFAULT_INDEX}",
    ],
)
def test_needs_permission(line: str):
    assert list(needs_permission(f"requests\n{line}\n")) == [line]


def test_a_refusal_names_the_line_and_the_setting():
    assert refusal("-e ./thing").startswith("requirement '-e ./thing' is an option or a local path")
    assert "environments.allow_options" in refusal("-e ./thing")


def test_only_lines_that_say_where_packages_come_from_go_with_the_lock():
    text = "--extra-index-url https://x/simple\n--pre\n-f /wheels\n-r more.txt\nidna\n-c c.txt\n"

    assert index_options(text) == "--extra-index-url https://x/simple\n-f /wheels\n"


def test_comments_and_blank_lines_do_not_change_a_lock():
    assert normalised_lock("# made by uv\n\nidna==3.10  \n    # via requests\n") == "idna==3.10\n"


@pytest.mark.parametrize("lock", ["", HASHED, f"--index-url https://x/simple\n{HASHED}"])
def test_a_lock_is_fully_hashed(lock: str):
    assert fully_hashed(lock)


@pytest.mark.parametrize(
    "more", ["thing @ file:///opt/thing\n", "-e file:///opt/thing\n", "thing==1\n"]
)
def test_a_lock_with_one_package_without_a_hash_is_not_fully_hashed(more: str):
    assert not fully_hashed(HASHED + more)


def test_pins_are_read_with_versions_and_addresses():
    lock = (
        "--index-url https://x/simple\nidna==3.10 \\\n    --hash=sha256:aa\n"
        "requests[socks]==2.32.0 ; python_version < '4'\nthing @ https://x/thing.whl \\\n"
    )

    assert pinned(lock) == {
        "idna": "3.10",
        "requests": "2.32.0",
        "thing": "https://x/thing.whl",
    }
