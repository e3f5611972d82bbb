"""Names, passwords and the last admin."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput, LastAdmin
from engine.model.account import Role
from engine.model.user import (
    GENERATED_BYTES,
    Theme,
    User,
    check_name,
    check_password,
    check_zone,
    ends_sessions,
    fault_of,
    generated_password,
    keep_an_admin,
    new_user,
    with_changes,
)
from tests.fakes.clock import START

ADA = User(name="Ada", role=Role.ADMIN, password="hash", created=START)
BOB = replace(ADA, name="bob", role=Role.VIEWER)


@pytest.mark.parametrize("name", ["ada", "Ada.Lovelace", "ada@example.com", "a", "7of9", "a" * 64])
def test_a_name_may_be_what_people_use(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a/b", "a:b", ".a", "-a", "a\n", "\x1b[31m", "é", "a" * 65, "a\0"]
)
def test_a_name_must_fit_into_an_address_and_a_header(name):
    with pytest.raises(InvalidInput, match="name of a user"):
        check_name(name)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "Tr0ub4dor&3",
        "test-password",
        "äöüß€ñ漢字かな",
        " spaces at the ends ",
        "0192837465",
        "a\0b\nc long enough",
        "x7" + "abc" * 300,
    ],
)
def test_a_password_of_enough_characters_may_be_anything(password):
    assert check_password(password, "ada") == password


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "at least 10"),
        ("123456789", "at least 10"),
        ("a" * 1001, "at most 1000"),
        ("aaaaaaaaaaaa", "5 different"),
        ("abababababab", "5 different"),
        ("password123!", "tried first"),
        ("PASSWORD1234", "tried first"),
        ("changeme!!!!", "tried first"),
        ("administrator", "tried first"),
        ("admin123456", "tried first"),
        ("1234567890", "tried first"),
        ("abcdefghijklm", "tried first"),
        ("qwertyuiop", "tried first"),
        ("ada.lovelace", "name of the account"),
        ("Ada.Lovelace1842", "name of the account"),
    ],
)
def test_a_password_that_is_soon_guessed_is_refused(password, reason):
    assert reason in (fault_of(password, "Ada.Lovelace") or "")


@pytest.mark.parametrize("password", ["hunter2", "Ada.Lovelace1842", "password123!"])
def test_a_refusal_does_not_repeat_the_password(password):
    with pytest.raises(InvalidInput) as refusal:
        check_password(password, "Ada.Lovelace")

    assert password not in str(refusal.value)


def test_a_name_of_digits_forbids_no_other_digits():
    assert fault_of("0192837465", "2026") is None


@settings(max_examples=40)
@given(st.binary(min_size=GENERATED_BYTES, max_size=GENERATED_BYTES))
def test_a_generated_password_has_twenty_characters_of_an_address(randomness):
    password = generated_password(randomness)

    assert (len(password), password.isascii(), " " in password) == (20, True, False)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_a_time_zone_is_one_that_there_is(zone):
    assert check_zone(zone) == zone


@pytest.mark.parametrize(
    "zone", ["", "Mars", "../../etc/passwd", "/etc/localtime", "a\0", "Europe"]
)
def test_another_time_zone_is_refused(zone):
    with pytest.raises(InvalidInput, match="time zone"):
        check_zone(zone)


def test_a_new_user_has_a_name_that_can_be_one():
    with pytest.raises(InvalidInput):
        new_user(name="a b", role=Role.VIEWER, password=None, now=START)


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({"role": Role.EDITOR}, True),
        ({"password": "other"}, True),
        ({"disabled": True}, True),
        ({"theme": Theme.DARK}, False),
        ({"timezone": "UTC"}, False),
        ({}, False),
    ],
)
def test_only_what_a_session_was_opened_with_ends_it(change, ends):
    assert ends_sessions(ADA, with_changes(ADA, **change)) is ends


def test_an_empty_time_zone_takes_it_away():
    assert with_changes(replace(ADA, timezone="UTC"), timezone="") == ADA


@pytest.mark.parametrize(
    "after", [None, replace(ADA, role=Role.EDITOR), replace(ADA, disabled=True)]
)
@pytest.mark.parametrize("name", ["Ada", "ADA"])
def test_the_last_admin_that_can_log_in_stays(after, name):
    disabled = replace(ADA, name="eve", disabled=True)

    with pytest.raises(LastAdmin):
        keep_an_admin([ADA, BOB, disabled], name, after)


def test_other_changes_of_the_last_admin_are_fine():
    keep_an_admin([ADA, BOB], "ada", replace(ADA, password="new"))


def test_others_may_go():
    keep_an_admin([ADA, BOB], "bob", None)


def test_where_there_is_no_admin_none_is_lost():
    keep_an_admin([BOB], "bob", None)
