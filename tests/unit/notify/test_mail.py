"""What a mail looks like."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from engine.notify.attempt import MailServer
from engine.notify.mail import mail, send_mail
from tests.fakes.told import a_notice


def sent(**fields):
    notice = a_notice("abc123", at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC), **fields)
    message = mail(notice, sender="pysched@example.com", recipients=["ops@example.org"])
    return message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("From", "pysched@example.com"),
        ("To", "ops@example.org"),
        ("Subject", "[pysched] Load failed: exit 3"),
        ("Date", "Tue, 24 Nov 2026 09:30:00 +0000"),
        ("Message-ID", "<abc123@example.com>"),
        ("Auto-Submitted", "auto-generated"),
    ],
)
def test_a_mail_has_what_mail_programs_look_for(header, value):
    assert sent()[header] == value


def test_a_subject_of_any_language_arrives():
    assert sent(subject="[pysched] Grüße 日本 " + "x" * 150)["Subject"].startswith(
        "[pysched] Grüße 日本 x"
    )


@pytest.mark.parametrize("breaks", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_nothing_in_a_subject_begins_another_header(breaks):
    message = sent(subject=f"x{breaks}Bcc: all@example.com")

    assert (message["Bcc"], len(message.keys())) == (None, len(sent().keys()))


def test_the_text_is_plain_and_whole():
    message = sent(text="<b>one</b>\n.\n\x1b[31mtwo\x1b[0m\n")

    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["<b>one</b>", ".", "two"]


def attempt_at(**fields):
    values = {"host": "127.0.0.1", "username": None, "password": None, **fields}
    server = MailServer(port=1, security="none", sender="pysched@example.com", **values)
    message = mail(a_notice(), sender=server.sender, recipients=["ops@example.org"])
    return send_mail(server, message, "ops@example.org")


@pytest.mark.parametrize("login", [("jürgen", "secret"), ("me", "geheím")])
def test_a_login_beyond_ascii_is_told_and_may_be_mended(login):
    attempt = attempt_at(username=login[0], password=login[1])

    assert (attempt.delivered, attempt.hopeless) == (False, False)
    assert "beyond ASCII" in attempt.detail


@pytest.mark.parametrize("host", ["smtp..example.com", ".example.com", "a" * 64 + ".example.com"])
def test_a_host_that_cannot_be_one_is_told_and_may_be_mended(host):
    attempt = attempt_at(host=host)

    assert (attempt.delivered, attempt.hopeless) == (False, False)
    assert "is no name of a host" in attempt.detail
