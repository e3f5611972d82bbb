"""Roles and keys."""

import pytest

from web.permissions import Keys, Principal, Role

ADA = Principal(name="ada", role=Role.OPERATOR)


@pytest.mark.parametrize(
    ("role", "allowed"), [(Role.VIEWER, True), (Role.OPERATOR, True), (Role.EDITOR, False)]
)
def test_a_role_may_do_what_lesser_roles_may(role, allowed):
    assert ADA.may(role) is allowed


@pytest.mark.parametrize("presented", [b"", b"ke", b"keys", b"KEY", b"\xff"])
def test_only_the_very_key_opens(presented):
    assert Keys({"key": ADA}).principal(presented) is None


def test_a_key_names_its_owner():
    assert (
        Keys({"other": Principal(name="b", role=Role.ADMIN), "key": ADA}).principal(b"key") == ADA
    )


def test_an_empty_key_is_no_key():
    assert Keys({"": ADA}).principal(b"") is None
