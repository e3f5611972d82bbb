"""Passwords at rest, by argon2 itself: each hash takes a tenth of a second."""

import asyncio
import subprocess
import sys
import threading

import pytest

from engine.errors import Busy
from engine.service import passwords
from engine.service.passwords import NOBODYS, Passwords

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def hashed():
    return asyncio.run(Passwords().hash(PASSWORD))


def match(password: str, hashed: str | None) -> bool:
    return asyncio.run(Passwords().match(password, hashed))


def test_a_hash_tells_its_parameters_and_not_the_password(hashed):
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in hashed


def test_a_password_matches_its_own_hash_alone(hashed):
    assert [match(PASSWORD, hashed), match(PASSWORD + " ", hashed)] == [True, False]


def test_nobody_has_the_password_of_nobody():
    assert [match(given, None) for given in ("", PASSWORD)] == [False, False]


def test_the_hash_of_nobody_costs_what_others_cost(hashed):
    assert NOBODYS.rsplit("$", 2)[0] == hashed.rsplit("$", 2)[0]
    assert [len(part) for part in NOBODYS.split("$")] == [len(part) for part in hashed.split("$")]


def test_a_hash_that_is_none_matches_nothing():
    assert match(PASSWORD, "no hash") is False


def test_what_a_terminal_cannot_decode_is_a_password_too():
    password = b"\xff long enough".decode(errors="surrogateescape")

    assert match(password, asyncio.run(Passwords().hash(password)))


def test_the_library_is_loaded_by_the_first_hash():
    code = "import sys, engine.service.passwords, web.app; print('argon2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_a_few_are_worked_on_at_once_some_wait_and_the_rest_come_back_later(monkeypatch):
    going, most, gate = [0], [0], threading.Event()

    def work(password: str, _hashed: str | None) -> str:
        going[0] += 1
        most[0] = max(most[0], going[0])
        gate.wait(5)
        going[0] -= 1
        return password

    monkeypatch.setattr(passwords, "_hash", work)

    async def flood() -> list[str | BaseException]:
        door = Passwords(at_once=2, most_waiting=3)
        asked = [asyncio.ensure_future(door.hash(str(number))) for number in range(9)]
        await asyncio.sleep(0.05)
        gate.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(flood())

    assert most == [2]
    assert found[:5] == ["0", "1", "2", "3", "4"]
    assert [type(one) for one in found[5:]] == [Busy] * 4
