"""The runner hides secrets in what runs print, before it is on the disk."""

import time

import pytest

from engine.runner.frames import STDERR, STDOUT
from tests.integration.runner.runnerharness import Client, RunnerProcess, until

SECRET = "hunter22-of-the-house"
CHAR_BY_CHAR = f"""
import os, time
for byte in b'<{SECRET}>':
    os.write(1, bytes([byte]))
    time.sleep(0.002)
"""


def printed(client: Client, code: str, **changes: object) -> bytes:
    client.run("one", code, mask=[SECRET], **changes)
    return client.output("one")


def test_a_run_that_prints_its_secret_shows_stars(client: Client):
    code = f"import os; os.write(1, b'a {SECRET} b'); os.write(2, b'{SECRET}')"
    client.run("one", code, mask=[SECRET])

    assert (client.output("one", STDOUT), client.output("one", STDERR)) == (b"a *** b", b"***")


def test_nothing_of_a_secret_is_in_any_file_of_the_run(client: Client):
    directory = client.start("one", f"print('{SECRET}')", mask=[SECRET])
    client.exit("one")

    assert not any(SECRET.encode() in each.read_bytes() for each in directory.iterdir())


def test_a_secret_that_comes_byte_by_byte_is_hidden(client: Client):
    assert printed(client, CHAR_BY_CHAR) == b"<***>"


def test_a_secret_across_reads_of_a_full_pipe_is_hidden(client: Client):
    code = f"import sys; sys.stdout.write('x' * 65530 + '{SECRET}' * 20000 + 'end')"
    seen = printed(client, code)

    assert (SECRET.encode() in seen, seen[-9:]) == (False, b"******end")


def test_the_secret_is_hidden_in_merged_output(client: Client):
    code = f"import os; os.write(1, b'{SECRET[:5]}'); os.write(2, b'{SECRET[5:]}')"

    assert printed(client, code, merge=True) == b"***"


def test_a_child_that_prints_the_secret_is_hidden_too(client: Client):
    code = "import os, subprocess; subprocess.run(['sh', '-c', 'echo $TOKEN; echo $TOKEN >&2'])"

    assert printed(client, code, env={"TOKEN": SECRET, "PATH": "/usr/bin:/bin"}) == b"***\n***\n"


def test_bytes_are_counted_as_they_are_kept(client: Client):
    report = client.run("one", f"print('{SECRET}' * 3)", mask=[SECRET])

    assert (report["output_bytes"], report["output_cut"]) == (len("*********\n"), 0)


def test_the_output_limit_is_one_of_masked_bytes(client: Client):
    report = client.run("one", f"print('{SECRET}' * 1000)", mask=[SECRET], output=2000)

    assert (report["output_bytes"], report["output_cut"]) == (3001, 1001)


def test_a_prompt_that_begins_like_a_secret_is_seen_while_it_waits(client: Client):
    code = "import os, time; os.write(1, b'hunt'); time.sleep(20)"
    client.start("one", code, mask=[SECRET])
    began = time.monotonic()

    until(lambda: client.output("one") == b"hunt", "the prompt")
    client.event("out")
    assert time.monotonic() - began < 5
    client.send(op="kill", id="one", reason="seen")
    client.exit("one")


def test_what_is_held_back_of_a_killed_run_is_kept(client: Client):
    code = "import os, time; os.write(1, b'x hunter22'); time.sleep(20)"
    client.start("one", code, mask=[SECRET])
    until(lambda: client.output("one") == b"x ", "the first output")
    client.send(op="kill", id="one", reason="enough")
    client.exit("one")

    assert client.output("one") == b"x hunter22"


def test_a_runner_whose_engine_is_gone_goes_on_hiding(runner: RunnerProcess, client: Client):
    code = f"import time; time.sleep(0.5); print('{SECRET}')"
    directory = client.start("one", code, mask=[SECRET])
    client.event("started")
    client.close()
    runner.clients.remove(client)

    until((directory / "exit.json").exists, "the end of the run")
    assert runner.client().output("one") == b"***\n"


def test_the_greeting_says_that_secrets_are_hidden(runner: RunnerProcess):
    assert runner.client(hello=False).hello()["masks"] is True


@pytest.mark.parametrize("mask", ["text", [1], {"a": 1}], ids=str)
def test_a_mask_that_cannot_be_read_starts_nothing(client: Client, mask: object):
    client.start("one", "print(1)", mask=mask)

    assert "mask" in client.event("error")["message"]
