"""Receivers of notices, for one test each."""

from collections.abc import Iterator

import pytest

from tests.fakes.receivers import MailServer, Webhook, only_with_password


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer().start()
    yield server
    server.stop()


@pytest.fixture
def strict_mail_server() -> Iterator[MailServer]:
    """Knows whoever logs in, without TLS."""
    server = MailServer(authenticator=only_with_password, auth_require_tls=False).start()
    yield server
    server.stop()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    yield hook
    hook.stop()
