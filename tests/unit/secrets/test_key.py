"""Reading the key of all secrets from text."""

import pytest

from engine.errors import UnusableSecretKey
from engine.secrets.key import read_key, text_of

RANDOM = bytes(range(32))


def test_the_text_of_a_key_gives_that_key():
    assert read_key(text_of(RANDOM) + "\n", "x").secret == RANDOM


def test_hex_digits_are_taken_as_they_are():
    assert read_key(RANDOM.hex(), "x").secret == RANDOM


def test_a_passphrase_is_stretched():
    key = read_key("correct horse battery staple", "x")

    assert len(key.secret) == 32
    assert key.secret == read_key("correct horse battery staple", "y").secret


def test_other_text_has_another_id():
    ids = {read_key(text, "x").id for text in ("a passphrase 1", "a passphrase 2", RANDOM.hex())}

    assert len(ids) == 3


def test_nothing_of_a_key_is_in_its_representation():
    key = read_key(RANDOM.hex(), "PYSCHED_SECRET_KEY")

    assert repr(key) == f"MasterKey(id='{key.id}', source='PYSCHED_SECRET_KEY')"


@pytest.mark.parametrize(
    "text",
    ["", "short", "changeme", "your-secret-key", "your_secret_key", "secret", "<secret-key-here>"],
)
def test_what_anybody_would_guess_is_refused(text):
    with pytest.raises(UnusableSecretKey, match=r"data/secret\.key: .*openssl rand -hex 32"):
        read_key(text, "data/secret.key")
