"""What a notification may reach."""

import os
from pathlib import Path

import pytest

from engine.notify.guard import Forbidden, Guard, is_public

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "255.255.255.255", "224.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe", "64:ff9b:1::1", "fec0::1", "::7f00:1",
    "::ffff:0:7f00:1", "4000::1", "localhost", "example.com", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_everything_else_is_not(address):
    assert not is_public(address)


def guard(*allowed: str) -> Guard:
    return Guard([Path("/usr/lib/python")], allowed)


@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
def test_a_private_address_is_not_reached_in_any_way(event):
    with pytest.raises(Forbidden, match="allow_private"):
        guard()(event, (None, ("127.0.0.1", 80)))


def test_a_public_address_is_reached():
    guard()("socket.connect", (None, ("8.8.8.8", 443)))


def test_an_address_that_is_allowed_is_reached():
    guard("10.1.2.3")("socket.connect", (None, ("10.1.2.3", 443)))


def test_all_addresses_are_reached_where_all_are_allowed():
    Guard([], None)("socket.connect", (None, ("10.1.2.3", 443)))


@pytest.mark.parametrize("address", ["/run/docker.sock", b"\0abstract"])
def test_programs_of_this_machine_are_not_spoken_to(address):
    with pytest.raises(Forbidden):
        Guard([], None)("socket.connect", (None, address))


@pytest.mark.parametrize("event", ["subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"])
def test_no_program_is_run(event):
    with pytest.raises(Forbidden, match="programs"):
        guard()(event, ("rm", (), None, None))


@pytest.mark.parametrize("path", ["/etc/passwd", "/usr/lib/python/../../../etc/passwd", b"/etc/x"])
def test_no_file_is_read_but_those_of_libraries(path):
    with pytest.raises(Forbidden, match="files"):
        guard()("open", (path, "r", os.O_RDONLY))


@pytest.mark.parametrize(("path", "mode"), [("/usr/lib/python/json.py", "rb"), (7, "w")])
def test_libraries_are_read(path, mode):
    guard()("open", (path, mode, os.O_RDONLY))


@pytest.mark.parametrize(("mode", "flags"), [("w", 0), ("a", 0), ("r+", 0), (None, os.O_WRONLY)])
def test_nothing_is_written(mode, flags):
    with pytest.raises(Forbidden):
        guard()("open", ("/usr/lib/python/x.py", mode, flags))


def test_a_link_that_leaves_is_followed_before_it_is_judged(tmp_path):
    (tmp_path / "library").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "library" / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(Forbidden):
        Guard([tmp_path / "library"], ())("open", (tmp_path / "library" / "link", "r", 0))


def test_what_was_refused_is_remembered():
    watching = guard()
    with pytest.raises(Forbidden):
        watching("os.system", ("x",))

    assert watching.refused == ["a notification must not run programs"]
