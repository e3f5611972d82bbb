"""Names and passwords in a header."""

import asyncio
from base64 import b64decode, b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.auth import basic
from web.auth.basic import Credentials, Remembered, read_basic

ADA = Credentials("ada", "correct horse battery")


def encoded(text: bytes) -> str:
    return b64encode(text).decode()


def test_a_password_may_hold_colons_and_any_letter():
    assert read_basic(encoded("ada:pä:ss".encode())) == ("ada", "pä:ss")


@pytest.mark.parametrize("sent", ["", "!", "YQ=", encoded(b"no colon"), encoded(b"\xff:x"), "ü"])
def test_what_cannot_be_read_is_nothing(sent):
    assert read_basic(sent) is None


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_nothing_breaks_the_reader(sent):
    found = read_basic(sent)

    assert found is None or b":" in b64decode(sent)


class Checker:
    """Compares with one password, and counts how often."""

    def __init__(self, right: str = ADA.password) -> None:
        self.right = right
        self.asked = 0
        self.memory = Remembered()

    async def ask(self, given: Credentials = ADA, hashed: str | None = "hash") -> bool:
        async def check() -> bool:
            self.asked += 1
            await asyncio.sleep(0)
            return hashed is not None and given.password == self.right

        return await self.memory.check(given, hashed, check)

    def all(self, *given, **more):
        async def each():
            return [await self.ask(one, **more) for one in given]

        return asyncio.run(each())


@pytest.fixture
def checker():
    return Checker()


def test_what_was_right_is_compared_once(checker):
    assert (checker.all(ADA, ADA, Credentials("ADA", ADA.password)), checker.asked) == (
        [True] * 3,
        1,
    )


def test_what_was_wrong_is_compared_each_time(checker):
    wrong = Credentials("ada", "wrong")

    assert (checker.all(wrong, wrong), checker.asked) == ([False, False], 2)


def test_a_right_password_is_no_other_users(checker):
    checker.all(ADA)
    checker.right = "another"

    assert checker.all(Credentials("bob", ADA.password)) == [False]


def test_names_and_passwords_do_not_run_into_one_another(checker):
    checker.all(Credentials("a", "b correct"), ADA)

    assert checker.all(Credentials("ada correct", "horse battery")) == [False]


def test_a_new_hash_is_compared_anew(checker):
    checker.all(ADA)
    checker.right = "another"

    assert checker.all(ADA, hashed="other hash") == [False]


def test_who_has_no_password_any_more_is_refused(checker):
    checker.all(ADA)

    assert checker.all(ADA, hashed=None) == [False]


def test_those_who_ask_at_once_share_one_comparison(checker):
    async def crowd():
        return await asyncio.gather(*(checker.ask() for _ in range(20)))

    assert (asyncio.run(crowd()), checker.asked) == ([True] * 20, 1)


def test_one_who_leaves_takes_nobodys_answer_along(checker):
    async def crowd():
        first, second = (asyncio.ensure_future(checker.ask()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(crowd()) is True


def test_how_many_are_remembered_is_bounded(checker, monkeypatch):
    monkeypatch.setattr(basic, "MOST_REMEMBERED", 10)
    checker.all(*(Credentials(f"user {number}", ADA.password) for number in range(50)))

    assert len(checker.memory._right) <= 10


def test_no_password_is_kept_in_memory(checker):
    checker.all(ADA)

    assert ADA.password.encode() not in b"".join(checker.memory._right)
