"""Mail that is really handed over."""

from email import message_from_bytes, policy
from typing import Any

import pytest

from engine.notify.attempt import Attempt, MailServer
from engine.notify.mail import mail, send_mail
from tests.acceptance.served import free_port
from tests.fakes.told import a_notice


def send(port: int, to: str = "ops@example.com", **fields: Any) -> Attempt:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "security": "auto",
        "username": None,
        "password": None,
        "sender": "pysched@example.com",
    }
    server = MailServer(**{**values, **fields}, port=port)
    return send_mail(server, mail(a_notice(), sender=server.sender, recipients=[to]), to)


def test_a_mail_arrives(mail_server):
    assert send(mail_server.port) == Attempt(delivered=True)

    ((recipients, content),) = mail_server.box.mails
    assert recipients == ["ops@example.com"]
    assert message_from_bytes(content, policy=policy.default)["Subject"] == a_notice().subject


def test_a_recipient_that_is_not_known_is_given_up_with_the_servers_words(mail_server):
    assert send(mail_server.port, "nobody@example.com") == Attempt(
        delivered=False, detail="550 5.1.1 no such user here", hopeless=True
    )


def test_a_server_that_puts_us_off_is_asked_again(mail_server):
    attempt = send(mail_server.port, "later@example.com")

    assert attempt == Attempt(delivered=False, detail="451 4.7.1 greylisted, try again")


def test_a_server_that_is_away_is_asked_again():
    attempt = send(free_port())

    assert (attempt.delivered, attempt.hopeless) == (False, False)
    assert "refused" in attempt.detail


def test_the_server_is_logged_in_to(strict_mail_server):
    port = strict_mail_server.port

    assert send(port, username="pysched", password="s3cret").delivered


def test_a_wrong_password_is_told_and_may_be_mended(strict_mail_server):
    attempt = send(strict_mail_server.port, username="pysched", password="wrong")

    assert (attempt.delivered, attempt.hopeless) == (False, False)
    assert attempt.detail.startswith("535 ")


def test_a_password_is_not_sent_in_the_open(strict_mail_server, monkeypatch):
    monkeypatch.setattr("engine.notify.mail._LOCAL", ())

    attempt = send(strict_mail_server.port, username="pysched", password="s3cret")

    assert attempt.hopeless
    assert "offers no TLS" in attempt.detail


def test_tls_is_insisted_on_where_it_is_asked_for(mail_server):
    attempt = send(mail_server.port, security="starttls")

    assert not attempt.delivered
    assert "STARTTLS" in attempt.detail


@pytest.mark.parametrize("security", ["tls"])
def test_a_server_without_tls_is_told(mail_server, security):
    attempt = send(mail_server.port, security=security)

    assert not attempt.delivered
    assert "TLS" in attempt.detail
