"""What a secret may be called and hold."""

import pytest

from engine.errors import InvalidInput
from engine.model.secret import (
    LONGEST_VALUE,
    check_secret_description,
    check_secret_name,
    check_secret_value,
    why_not,
)
from tests.fakes.secrets import a_secret


@pytest.mark.parametrize("name", ["A", "DB_PASSWORD", "S3_KEY_2", "A" * 100])
def test_a_name_of_capital_letters_is_taken(name):
    assert check_secret_name(name) == name


@pytest.mark.parametrize(
    ("name", "better"),
    [("db-password", "DB_PASSWORD"), ("token", "TOKEN"), ("2FA", "FA"), ("A B", "A_B")],
)
def test_another_name_is_refused_with_one_that_would_do(name, better):
    with pytest.raises(InvalidInput, match=f"such as {better}$"):
        check_secret_name(name)


@pytest.mark.parametrize("name", ["", "_", "ß", "A\n", "\x1b[31m"])
def test_a_name_that_gives_no_better_one_is_refused(name):
    with pytest.raises(InvalidInput, match="no name of a secret"):
        check_secret_name(name)


@pytest.mark.parametrize("value", ["x", "zwei\nZeilen", "ß" * (LONGEST_VALUE // 2)])
def test_a_value_that_a_variable_can_hold_is_taken(value):
    assert check_secret_value(value) == value


@pytest.mark.parametrize("value", ["", "hunter\0", "hunter\ud800", "h" * (LONGEST_VALUE + 1)])
def test_a_value_that_no_run_could_get_is_refused_without_a_word_of_it(value):
    with pytest.raises(InvalidInput) as refusal:
        check_secret_value(value)

    assert "hunt" not in str(refusal.value)


@pytest.mark.parametrize("text", ["two\nlines", "\x1b[31m", "x" * 501])
def test_a_description_is_one_line(text):
    with pytest.raises(InvalidInput, match="one line"):
        check_secret_description(text)


def test_a_secret_without_patterns_is_for_all_scripts():
    assert why_not("etl/load", "TOKEN", a_secret()) == ""


def test_a_secret_is_for_the_scripts_of_its_patterns():
    secret = a_secret(scripts=("etl/*", "web"))

    assert [bool(why_not(script, "TOKEN", secret)) for script in ("etl/a/b", "web", "web/x")] == [
        False,
        False,
        True,
    ]


def test_why_a_script_may_not_have_a_secret_says_what_to_do():
    assert "`pysched secret add TOKEN`" in why_not("web", "TOKEN", None)
    assert "`pysched secret grant TOKEN web`" in why_not("web", "TOKEN", a_secret(scripts=("x",)))
