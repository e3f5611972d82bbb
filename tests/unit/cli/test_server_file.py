"""The note of where the server is: whole or not there, and nothing left beside it."""

import json
import os
from pathlib import Path

import pytest

from web.cli import serverfile

URL = "http://127.0.0.1:1"


def test_a_draft_that_cannot_take_its_place_is_removed(tmp_path: Path):
    (tmp_path / "server.json").mkdir()

    with pytest.raises(IsADirectoryError):
        serverfile.note(tmp_path, URL, "key")

    assert [each.name for each in tmp_path.iterdir()] == ["server.json"]


def test_drafts_of_killed_servers_are_removed(tmp_path: Path):
    for name in ("server.json.1", f"server.json.{os.getpid()}"):
        (tmp_path / name).write_text("{")

    serverfile.note(tmp_path, URL, "key")

    assert [each.name for each in tmp_path.iterdir()] == ["server.json"]
    assert json.loads((tmp_path / "server.json").read_text())["url"] == URL


def test_other_files_beside_it_stay(tmp_path: Path):
    (tmp_path / "server.json.bak").touch()

    serverfile.note(tmp_path, URL, "key")

    assert (tmp_path / "server.json.bak").exists()
