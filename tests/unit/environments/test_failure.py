"""What is said of a failed build and when it is tried again; the texts are uv's, as captured."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.environments.failure import (
    Failure,
    FailureKind,
    kind_of,
    may_retry,
    retry_at,
    sentence,
    without_credentials,
)

AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)

UNKNOWN = """error: No solution found when resolving dependencies
  cause: Because nosuch was not found in the package registry and you require nosuch, we can \
conclude that your requirements are unsatisfiable.
"""
SYNTAX = """error: Couldn't parse requirement in `requirements.txt` at position 0
  cause: no such comparison operator "===>=", must be one of ~= == != <= >= < > ===
         foo===>=bar
            ^^^^^^^^
"""
REFUSED = """Using CPython 3.11.7
error: Request failed after 3 retries in 8.0s
  cause: Failed to fetch: http://me:secret@127.0.0.1:1/simple/foo/
  cause: error sending request for url (http://127.0.0.1:1/simple/foo/)
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)
"""
OFFLINE = """error: No solution found when resolving dependencies
  cause: Because foo was not found in the cache and you require foo, we can conclude that your \
requirements are unsatisfiable.

hint: Packages were unavailable because the network was disabled. When the network is disabled, \
registry packages may only be read from the cache.
"""


def a_failure(kind: FailureKind, attempts: int = 1) -> Failure:
    return Failure(message="no", kind=kind, at=AT, attempts=attempts)


def test_error_and_cause_become_one_sentence():
    assert sentence(UNKNOWN) == (
        "No solution found when resolving dependencies: Because nosuch was not found in the "
        "package registry and you require nosuch, we can conclude that your requirements are "
        "unsatisfiable."
    )


def test_a_caret_stays_below_what_it_points_at():
    assert sentence(SYNTAX).splitlines()[1:] == ["         foo===>=bar", "            ^^^^^^^^"]


def test_chatter_before_the_error_and_passwords_are_left_out():
    assert sentence(REFUSED).startswith(
        "Request failed after 3 retries in 8.0s: "
        "Failed to fetch: http://127.0.0.1:1/simple/foo/: error sending request"
    )


def test_words_of_another_form_are_given_as_they_are():
    assert sentence("thread 'main' panicked\n") == "thread 'main' panicked"


def test_a_chain_in_the_words_of_older_releases_is_understood():
    assert sentence("error: Failed to fetch\n  Caused by: dns error\n") == (
        "Failed to fetch: dns error"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:secret@host/simple", "https://host/simple"),
        ("https://token@host/simple", "https://host/simple"),
        ("https://host/a@b", "https://host/a@b"),
        ("git+ssh://git@host/x", "git+ssh://host/x"),
    ],
)
def test_credentials_are_removed(url: str, expected: str):
    assert without_credentials(f"see {url}, please") == f"see {expected}, please"


@pytest.mark.parametrize(
    ("stderr", "code", "kind"),
    [
        (UNKNOWN, 1, FailureKind.REQUEST),
        (SYNTAX, 2, FailureKind.REQUEST),
        (REFUSED, 2, FailureKind.NETWORK),
        (OFFLINE, 1, FailureKind.NETWORK),
        ("error: HTTP status server error (503 Service Unavailable)", 2, FailureKind.NETWORK),
        ("error: HTTP status client error (401 Unauthorized)", 2, FailureKind.REQUEST),
        ("error: failed to write: No space left on device", 2, FailureKind.MACHINE),
        ("", -9, FailureKind.MACHINE),
    ],
)
def test_the_cause_lies_in(stderr: str, code: int, kind: FailureKind):
    assert kind_of(stderr, code) is kind


def test_what_the_script_asks_for_is_not_tried_again():
    assert not may_retry(a_failure(FailureKind.REQUEST), AT + timedelta(days=365))


def test_a_failed_network_is_tried_again_after_half_a_minute():
    failure = a_failure(FailureKind.NETWORK)

    assert not may_retry(failure, AT + timedelta(seconds=29))
    assert may_retry(failure, AT + timedelta(seconds=30))


def test_each_failure_doubles_the_wait_up_to_half_an_hour():
    waits = [
        retry_at(a_failure(FailureKind.NETWORK, attempts=n)) - AT  # type: ignore[operator]
        for n in (1, 2, 3, 7, 5000)
    ]

    assert waits == [timedelta(seconds=s) for s in (30, 60, 120, 1800, 1800)]
