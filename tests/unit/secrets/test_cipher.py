"""Sealing values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnusableDatabase
from engine.secrets.cipher import seal, unseal

KEY = bytes(range(32))


@settings(max_examples=30)
@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_value_comes_back(value):
    assert unseal(KEY, "TOKEN", seal(KEY, "TOKEN", value)) == value


def test_the_same_value_is_never_sealed_alike():
    assert seal(KEY, "TOKEN", "hunter22") != seal(KEY, "TOKEN", "hunter22")


@pytest.mark.parametrize("place", [0, 11, 12, 15, -1])
def test_a_change_of_one_bit_is_noticed(place):
    sealed = bytearray(seal(KEY, "TOKEN", "hunter22"))
    sealed[place] ^= 1

    with pytest.raises(UnusableDatabase, match=r"TOKEN is damaged.*--replace TOKEN"):
        unseal(KEY, "TOKEN", bytes(sealed))


def test_a_value_opens_under_its_own_name_alone():
    with pytest.raises(UnusableDatabase):
        unseal(KEY, "OTHER", seal(KEY, "TOKEN", "hunter22"))


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(12), bytes(27)])
def test_what_was_never_sealed_does_not_open(sealed):
    with pytest.raises(UnusableDatabase):
        unseal(KEY, "TOKEN", sealed)


def test_another_key_opens_nothing():
    with pytest.raises(UnusableDatabase):
        unseal(bytes(32), "TOKEN", seal(KEY, "TOKEN", "hunter22"))
