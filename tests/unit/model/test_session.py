"""How long sessions last, and what their secrets are."""

from datetime import timedelta

import pytest

from engine.model.account import digest_of
from engine.model.session import (
    ID_BYTES,
    LONGEST_AGENT,
    SECRET_BYTES,
    Lifetime,
    issue_link,
    link_path,
    open_session,
)
from tests.fakes.clock import START

DAY = timedelta(days=1)


def opened(**changes):
    wanted = {
        "user": "ada",
        "agent": "Firefox",
        "address": "10.0.0.1",
        "now": START,
        "randomness": bytes(range(ID_BYTES + SECRET_BYTES)),
    }
    return open_session(**wanted | changes)


def test_only_the_hash_of_the_secret_is_in_a_session():
    session, secret = opened()

    assert session.digest == digest_of(secret.encode())
    assert (secret in repr(session), len(secret)) == (False, 43)


def test_the_id_says_nothing_of_the_secret():
    session, _ = opened()
    other, _ = opened(randomness=bytes(range(ID_BYTES)) + bytes(SECRET_BYTES))

    assert (session.id, session.digest == other.digest) == ("000102030405", False)
    assert session.id == other.id


def test_what_a_browser_calls_itself_is_short_and_can_be_printed():
    session, _ = opened(agent="\x1b[31mred\r\n" + "x" * 1000)

    assert session.agent == ("[31mred" + "x" * 1000)[:LONGEST_AGENT]


@pytest.mark.parametrize(
    ("idle", "whole", "ends"),
    [(DAY, 7 * DAY, DAY), (7 * DAY, DAY, DAY), (3 * DAY, 2 * DAY, 2 * DAY)],
)
def test_a_session_ends_by_whichever_comes_first(idle, whole, ends):
    session, _ = opened()

    assert Lifetime(idle=idle, whole=whole).ends(session) == START + ends


@pytest.mark.parametrize(
    ("idle", "after", "noted"),
    [
        (DAY, timedelta(seconds=59), False),
        (DAY, timedelta(seconds=60), True),
        (timedelta(seconds=20), timedelta(seconds=4), False),
        (timedelta(seconds=20), timedelta(seconds=5), True),
    ],
)
def test_a_use_is_noted_once_a_minute_and_often_enough_for_a_short_life(idle, after, noted):
    session, _ = opened()

    assert Lifetime(idle=idle, whole=DAY).is_to_note(session, START + after) is noted


def test_a_link_lasts_a_day_and_keeps_its_secret_to_itself():
    link, secret = issue_link(user="ada", now=START, randomness=bytes(SECRET_BYTES))

    assert (link.expires, link.digest) == (START + DAY, digest_of(secret.encode()))
    assert link_path(secret) == f"/login?token={secret}"
