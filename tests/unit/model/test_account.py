"""How keys are made."""

from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.model.account import SECRET_BYTES, Role, covers, digest_of, issue_key, role_of
from tests.fakes.clock import START

RANDOM = bytes(range(SECRET_BYTES))


def issued(**changes):
    wanted = {"name": "import", "role": Role.VIEWER, "now": START, "randomness": RANDOM} | changes
    return issue_key(**wanted)


def test_a_secret_begins_with_the_id_of_its_key():
    key, secret = issued()

    assert secret.startswith(f"pysched_{key.id}_")


def test_only_the_hash_of_the_secret_is_in_the_key():
    key, secret = issued()

    assert key.digest == digest_of(secret.encode())
    assert secret not in repr(key)


def test_the_secret_holds_all_256_bits_beside_the_id():
    key, secret = issued()

    token = secret.removeprefix(f"pysched_{key.id}_")
    assert urlsafe_b64decode(token + "=") == RANDOM[6:]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[31m", "x" * 101])
def test_a_name_must_be_one_that_can_be_shown(name):
    with pytest.raises(InvalidInput, match="name of a key"):
        issued(name=name)


@pytest.mark.parametrize("pattern", ["", "etl/[a]", "a b", "a?", "ä", "a'--", "etl/\n"])
def test_a_pattern_must_be_an_id_with_stars(pattern):
    with pytest.raises(InvalidInput, match="pattern"):
        issued(scripts=[pattern])


def test_an_end_that_is_past_is_refused():
    with pytest.raises(InvalidInput, match="expires"):
        issued(expires=START)


def test_a_key_is_valid_until_the_moment_it_expires():
    key, _ = issued(expires=START + timedelta(seconds=1))

    assert [key.valid_at(START), key.valid_at(START + timedelta(seconds=1))] == [True, False]


def test_an_unknown_role_is_told_with_those_there_are():
    with pytest.raises(InvalidInput, match="viewer, operator, editor, admin"):
        role_of("root")


@settings(max_examples=30)
@given(st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}){0,3}", fullmatch=True))
def test_a_pattern_without_stars_covers_that_script_alone(script):
    assert (covers([script], script), covers([script], script + "x")) == (True, False)
