"""What `pysched doctor` says of single things."""

import os

import pytest

from engine.service import doctor


def test_the_size_of_a_database_has_its_log_in_it(tmp_path):
    (tmp_path / "x.db").write_bytes(b"1" * 100)
    (tmp_path / "x.db-wal").write_bytes(b"1" * 1000)

    assert doctor._size(tmp_path / "x.db") == 1100


@pytest.mark.parametrize(("user", "warning"), [(0, True), (1000, False)])
def test_a_server_that_is_root_is_warned_of(monkeypatch, user, warning):
    monkeypatch.setattr(os, "geteuid", lambda: user)

    found = doctor._account()

    assert (found.ok, found.warning) == (True, warning)
    assert "Who can write a script's code has what the server's account has" in found.detail
