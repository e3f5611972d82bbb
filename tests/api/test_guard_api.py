"""The guard in front of every route: headers, bodies, names, addresses and rates."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import KEY
from tests.fakes.engine import FakeEngine, a_run, a_script
from web.app import create_app
from web.guards.exchange import BodyLimits
from web.guards.guard import GuardOptions
from web.guards.rates import Limits
from web.permissions import Keys, Principal, Role

TRIGGER = "/api/scripts/etl/load/trigger"

Ask = Callable[..., list[httpx.Response]]


def asking(options: GuardOptions, client: str = "192.0.2.7") -> Ask:
    """Build an application of its own and return what sends it requests, one after another."""
    keys = Keys({KEY: Principal(name="default key", role=Role.ADMIN)})
    engine = FakeEngine().add(a_script("etl/load"), a_run())
    app = create_app(engine, keys, options)

    def ask(*requests: dict[str, Any], base: str = "http://127.0.0.1:8000") -> list[httpx.Response]:
        async def run() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(client, 4711))
            async with httpx.AsyncClient(transport=transport, base_url=base) as caller:
                return [await caller.request(**request) for request in requests]

        return asyncio.run(run())

    ask.engine = engine  # type: ignore[attr-defined]
    return ask


def get(path: str = "/api/runs", key: str | None = KEY, **headers: str) -> dict[str, Any]:
    return {
        "method": "GET",
        "url": path,
        "headers": headers | ({"X-API-Key": key} if key else {}),
    }


def post(path: str, content: Any = b"", **headers: Any) -> dict[str, Any]:
    return get(path, **headers) | {"method": "POST", "content": content}


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


# Headers


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/runs", 200), ("/api/nothing", 404), ("/api/scripts/etl/load/next?n=x", 422)],
)
def test_every_answer_carries_the_headers(call, path, status):
    answer = call("GET", path)

    assert answer.status_code == status
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_an_unexpected_failure_carries_them_too(call, engine):
    engine.refusal = RuntimeError("broken")

    assert call("POST", TRIGGER).headers["x-frame-options"] == "DENY"


def test_each_request_has_a_number_of_its_own(call):
    numbers = {call("GET", "/api/health").headers["x-request-id"] for _ in range(3)}

    assert len(numbers) == 3


# Bodies


def test_a_plain_body_may_have_less_than_a_payload(call):
    answers = [
        call("POST", "/api/preview", content=b"{" + b" " * 300_000),
        call("POST", TRIGGER, content=b" " * 300_000),
    ]

    assert [(one.status_code, one.json().get("code")) for one in answers] == [
        (413, "payload_too_large"),
        (202, None),
    ]


def test_a_length_that_lies_is_no_way_around_the_limit(call):
    async def chunks():
        for _ in range(40):
            yield b" " * 10_000

    answer = call("POST", "/api/preview", content=chunks(), headers={"Content-Length": "10"})

    assert answer.status_code == 413


def test_a_body_that_does_not_come_is_given_up():
    async def drip():
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    ask = asking(GuardOptions(bodies=BodyLimits(seconds=0.1)))
    (answer,) = ask(post(TRIGGER, drip()))

    assert (answer.status_code, answer.json()["code"], answer.headers["connection"]) == (
        408,
        "body_too_slow",
        "close",
    )


# Addresses that are no text, and names


@pytest.mark.parametrize(
    "path",
    [
        "/api/scripts/a%00b", "/api/scripts/a%0d%0aSet-Cookie:x", "/api/scripts/%ff%fe",
        "/api/scripts/%ed%a0%80", "/api/keys/%1b[2J", "/%00", "/hooks/%00", "/api/runs/%c0%ae",
    ],
)  # fmt: skip
def test_an_address_that_is_no_text_is_nowhere(call, path):
    answer = call("GET", path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_strangers_name_is_refused_while_listening_on_this_machine_alone():
    ask = asking(GuardOptions(any_host=False))
    (answer,) = ask(get(), base="http://evil.example:8000")

    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


@pytest.mark.parametrize(
    "base", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:8000", "http://cron.lan"]
)
def test_names_of_ours_are_not(base):
    ask = asking(GuardOptions(any_host=False, allowed_hosts=["cron.lan"]))

    assert statuses(ask(get(), base=base)) == [200]


def test_a_trusted_proxy_may_call_us_by_any_name():
    ask = asking(GuardOptions(any_host=False, trusted_proxies=["192.0.2.0/24"]))

    assert statuses(ask(get(), base="http://cron.example.com")) == [200]


# Rates


def test_one_account_may_ask_so_often_and_then_is_told_when_to_come_back():
    ask = asking(GuardOptions(rates=Limits(api=3)))
    # The first one is counted by its address, for nobody knows the key yet.
    answers = ask(*[get()] * 5)

    assert statuses(answers) == [200, 200, 200, 200, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1].headers["retry-after"]) > 0


def test_health_is_told_however_often_it_is_asked_for():
    ask = asking(GuardOptions(rates=Limits(api=1)))

    assert set(statuses(ask(*[get("/api/health")] * 20))) == {200}


def test_who_guesses_keys_has_to_wait():
    ask = asking(GuardOptions(rates=Limits(failed_keys=3)))
    answers = ask(*[get(key=f"guess-{number}") for number in range(5)])

    assert statuses(answers) == [401, 401, 401, 429, 429]


def test_even_the_right_key_is_not_tried_then():
    ask = asking(GuardOptions(rates=Limits(failed_keys=3)))

    assert statuses(ask(*[get(key=f"guess-{number}") for number in range(3)], get()))[-1] == 429


def test_whoever_was_let_in_before_is_not_kept_out_by_a_neighbour_who_guesses():
    ask = asking(GuardOptions(rates=Limits(failed_keys=3)))
    answers = ask(get(), *[get(key=f"guess-{number}") for number in range(5)], get())

    assert (answers[-2].status_code, answers[-1].status_code) == (429, 200)


def test_addresses_of_hooks_are_guessed_no_better():
    ask = asking(GuardOptions(rates=Limits(failed_keys=3)))
    answers = ask(*[get(f"/hooks/{number:040}", key=None) for number in range(4)])

    assert statuses(answers) == [404, 404, 404, 429]


def test_a_request_without_a_key_is_no_guess():
    ask = asking(GuardOptions(rates=Limits(failed_keys=1)))

    assert statuses(ask(*[get(key=None)] * 3)) == [401, 401, 401]


def test_attempts_to_log_in_are_counted_by_address():
    ask = asking(GuardOptions(rates=Limits(login=2)))
    answers = ask(*[post("/api/auth/login", key=None)] * 3)

    assert [status == 429 for status in statuses(answers)] == [False, False, True]


def test_attempts_by_the_form_of_the_page_are_counted_with_those_of_the_api():
    ask = asking(GuardOptions(rates=Limits(login=2)))
    by_form, page = post("/login", key=None), get("/login", key=None)
    answers = ask(page, page, by_form, post("/api/auth/login", key=None), by_form, page)

    assert [status == 429 for status in statuses(answers)] == [False] * 4 + [True, False]


def test_the_addresses_of_one_ipv6_network_are_counted_as_one():
    ask = asking(GuardOptions(rates=Limits(login=2), trusted_proxies=["192.0.2.7"]))
    answers = ask(
        *[
            post("/api/auth/login", key=None, **{"X-Forwarded-For": f"2001:db8:0:{host}"})
            for host in ("1::1", "1::2", "1:ffff::3", "2::1")
        ]
    )

    assert [status == 429 for status in statuses(answers)] == [False, False, True, False]


def test_the_address_behind_a_proxy_that_is_not_trusted_is_the_proxys():
    ask = asking(GuardOptions(rates=Limits(login=1)))
    forged = [
        post("/api/auth/login", key=None, **{"X-Forwarded-For": f"203.0.113.{number}"})
        for number in range(3)
    ]

    assert [status == 429 for status in statuses(ask(*forged))] == [False, True, True]


def test_a_trusted_proxys_clients_are_counted_apart():
    ask = asking(GuardOptions(rates=Limits(login=1), trusted_proxies=["192.0.2.7"]))
    answers = ask(
        *[
            post("/api/auth/login", key=None, **{"X-Forwarded-For": f"203.0.113.{number}"})
            for number in (1, 2, 2)
        ]
    )

    assert [status == 429 for status in statuses(answers)] == [False, False, True]


def test_a_script_is_triggered_so_often_by_one_key():
    ask = asking(GuardOptions(rates=Limits(trigger=2)))

    assert statuses(ask(*[post(TRIGGER)] * 3)) == [202, 202, 429]


def test_a_script_is_triggered_no_more_often_by_its_hook():
    ask = asking(GuardOptions(rates=Limits(trigger=2)))
    (made,) = ask(post("/api/hooks/etl/load"))

    answers = ask(*[post(made.json()["path"], key=None)] * 3)

    assert statuses(answers) == [202, 202, 429]


@pytest.fixture
def no_bound() -> Ask:
    return asking(GuardOptions())


def test_without_limits_nobody_waits(no_bound):
    assert set(statuses(no_bound(*[get(key="guess")] * 100))) == {401}
