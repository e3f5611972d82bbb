"""The forms of a secret, and hiding them in text."""

import base64
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.secrets.redact import all_forms, forms, redact

AWKWARD = 'p@ss "wörd"/+1\\n?&'
values = st.text(st.characters(codec="utf-8", exclude_characters="*\0"), min_size=4, max_size=30)


def test_a_value_is_hidden_as_it_is():
    assert redact("the password is hunter22, really", ["hunter22"]) == "the password is ***, really"


@pytest.mark.parametrize(
    "written",
    [
        AWKWARD,
        quote(AWKWARD),
        quote(AWKWARD, safe=""),
        quote_plus(AWKWARD),
        quote(AWKWARD).lower().replace("p@ss", "p@ss"),
        urlencode({"x": AWKWARD})[2:],
        json.dumps(AWKWARD)[1:-1],
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1],
        repr(AWKWARD)[1:-1],
        base64.b64encode(AWKWARD.encode()).decode(),
        base64.urlsafe_b64encode(AWKWARD.encode()).decode(),
    ],
)
def test_every_way_programs_write_it_is_hidden(written):
    assert redact(f"<{written}>", [AWKWARD]) == "<***>"


@settings(max_examples=60)
@given(values, st.binary(max_size=7), st.binary(max_size=7))
def test_base64_of_something_that_holds_it_shows_at_most_a_character_at_each_end(
    value, before, after
):
    text = base64.b64encode(before + value.encode() + after).decode()
    first = -(-len(before) * 4 // 3)
    last = (len(before) + len(value.encode())) * 4 // 3
    seen = redact(text, [value])

    assert text[first + 1 : last - 1] not in seen or last - first < 6


@settings(max_examples=60)
@given(st.text(max_size=20), st.lists(values, min_size=1, max_size=3), st.text(max_size=20))
def test_no_value_survives(before, secrets, after):
    seen = redact(f"{before}{''.join(secrets)}{after}", secrets)

    assert not any(secret in seen for secret in secrets)


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_text_without_secrets_stays_as_it_is(text):
    assert redact(text, []) == text
    assert redact(text, ["not-in-there-at-all"]) == text


def test_a_value_that_is_too_short_is_left():
    assert (redact("abc", ["abc"]), forms("abc")) == ("abc", ())


def test_lines_of_a_long_value_are_hidden_one_by_one():
    pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n=\n-----END KEY-----\n"
    logged = "".join(f"> {line}\n" for line in pem.splitlines())

    assert redact(logged, [pem]) == (
        "> -----BEGIN KEY-----\n> ***\n> ***\n> =\n> -----END KEY-----\n"
    )


def test_a_value_is_hidden_without_the_space_around_it():
    assert redact("[hunter22]", [" hunter22\n"]) == "[***]"


def test_each_form_is_named_once():
    found = all_forms(["hunter22", "hunter22", AWKWARD])

    assert len(found) == len(set(found))


def test_text_that_is_no_unicode_can_be_redacted():
    assert redact("\udcff hunter22", ["hunter22"]) == "\udcff ***"
