"""People are told what happens to their scripts, by a real server to real receivers."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.acceptance.served import Served, eventually, served
from tests.fakes.receivers import MailServer, Webhook

FLAKY = """
import pathlib, sys
print("\\x1b[31mlooking for it\\x1b[0m")
if not pathlib.Path("found").exists():
    print("cannot find it", file=sys.stderr)
    sys.exit(3)
"""
TO = "to: [ops@example.com]"


@pytest.fixture
def mails() -> Iterator[MailServer]:
    server = MailServer().start()
    yield server
    server.stop()


@pytest.fixture
def server(tmp_path: Path, mails: MailServer) -> Iterator[Served]:
    env = {
        "SMTP_SERVER": "127.0.0.1",
        "SMTP_PORT": str(mails.port),
        "FROM_EMAIL": "pysched@example.com",
        "PYSCHED_SERVER__PUBLIC_URL": "https://pysched.example.com",
    }
    with served(tmp_path, env=env) as found:
        yield found


def received(mails: MailServer, count: int) -> list[EmailMessage]:
    def look() -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=policy.default) for _, raw in mails.box.mails]
        return found if len(found) >= count else []

    return eventually(look, what=f"{count} mails")


def finished(server: Served, script: str) -> str:
    run_id = server.execute(script)
    server.ended(run_id)
    return run_id


def test_a_failure_is_told_once_and_then_the_recovery(server, mails):
    server.script("flaky", FLAKY, f"notify: {{{TO}}}\nexpect_within: 26h\n")
    server.start()
    server.script_is("flaky", lambda script: script["environment"]["state"] == "ready")
    run_id = finished(server, "flaky")
    (failure,) = received(mails, 1)
    finished(server, "flaky")
    server.write("flaky/found", "")
    finished(server, "flaky")
    *_, recovery = received(mails, 2)

    text = failure.get_content().replace("\r\n", "\n")
    assert failure["Subject"] == "[pysched] Flaky failed: exit 3"
    assert "Last lines of output:\n  looking for it\n  cannot find it\n" in text
    assert f"https://pysched.example.com/runs/{run_id}" in text
    assert recovery["Subject"] == "[pysched] Flaky works again"
    assert len(mails.box.mails) == 2


def test_an_end_before_a_crash_of_the_engine_is_told_after_it(server, mails, tmp_path):
    failpoint = tmp_path / "failpoint"
    server.env["PYSCHED_FAILPOINT_FILE"] = str(failpoint)
    server.script("flaky", FLAKY, f"notify: {{{TO}}}\n")
    server.start()
    server.script_is("flaky", lambda script: script["environment"]["state"] == "ready")
    failpoint.write_text("end_committed")
    server.execute("flaky")
    eventually(lambda: not failpoint.exists(), what="the crash")
    (failure, *_) = received(mails, 1)

    assert failure["Subject"] == "[pysched] Flaky failed: exit 3"


def test_a_test_says_what_became_of_it(server, mails):
    webhook = Webhook().start()
    try:
        server.script("flaky", FLAKY, f'notify: {{to: [ops@example.com, "{webhook.url}"]}}\n')
        server.start()
        said = server.command("notify", "test", "flaky", code=1)
        server.command("notify", "test", "--to", "ops@example.com")
    finally:
        webhook.stop()

    assert [line.split()[1] for line in said.splitlines()[:1]] == ["delivered"]
    assert "127.0.0.1 is not on the internet" in said
    assert webhook.received == []
    assert len(mails.box.mails) == 2
