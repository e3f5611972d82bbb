"""What is sent by Apprise, and what a manifest's URL does not reach."""

import asyncio
from pathlib import Path

import pytest

from engine.notify.attempt import Attempt
from engine.notify.chat import Parcel, send_chat
from tests.fakes.told import a_notice


def send(*urls: str, allowed: tuple[str, ...] | None = (), cwd: Path = Path("/")) -> list[Attempt]:
    parcels = [Parcel(notice=a_notice(), url=url) for url in urls]
    return asyncio.run(send_chat(parcels, allowed=allowed, cwd=cwd))


def test_a_webhook_gets_the_notice(webhook):
    webhook.start()

    assert send(webhook.url, allowed=None) == [Attempt(delivered=True)]
    assert [(each["title"], each["type"]) for each in webhook.received] == [
        (a_notice().subject, "failure")
    ]


def test_each_url_has_an_end_of_its_own(webhook):
    webhook.start()
    other = webhook.url.replace("json://", "no-such-service://")

    first, second, third = send(other, webhook.url, "json://localhost:1/", allowed=None)

    assert (first.delivered, first.hopeless, second.delivered) == (False, True, True)
    assert (third.delivered, third.hopeless) == (False, False)


def test_a_private_address_is_not_reached(webhook):
    webhook.start()
    by_name = webhook.url.replace("127.0.0.1", "localhost")
    by_number = webhook.url.replace("127.0.0.1", "2130706433")

    attempts = send(webhook.url, by_name, by_number)

    assert [(each.delivered, each.hopeless) for each in attempts] == [(False, True)] * 3
    assert "allow_private" in attempts[0].detail
    assert webhook.received == []


def test_a_host_that_is_allowed_is_reached_and_where_it_sends_us_on_is_not(webhook):
    webhook.start()
    webhook.location = "http://127.0.0.2:1/"

    (attempt,) = send(webhook.url, allowed=("127.0.0.1",))

    assert (attempt.delivered, attempt.hopeless, len(webhook.received)) == (False, True, 1)
    assert "127.0.0.2" in attempt.detail


@pytest.mark.parametrize("allowed", [(), None])
def test_no_file_of_the_server_is_sent_along(tmp_path, allowed):
    (tmp_path / "template.json").write_text("{}")
    (tmp_path / "key.json").write_text("{}")
    urls = [
        f"discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template={tmp_path}/template.json",
        f"fcm://project@apikey/#topic?mode=oauth2&keyfile={tmp_path}/key.json",
    ]

    assert [each.detail for each in send(*urls, allowed=allowed)] == [
        "a notification must not read or write files of the server"
    ] * 2
