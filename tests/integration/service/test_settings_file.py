"""Changing pysched.yaml key by key: what stays, what is refused, what is told."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from engine.config import load_settings
from engine.errors import CannotWrite, InvalidInput, InvalidSettings
from engine.model.settings import SettingsChange
from engine.service.settings_file import SettingsFileEditor
from schemas.settings import Settings

FILE = """# ours
server:
  port: 9000   # behind the proxy
log: {level: info}
"""


class Bench:
    def __init__(self, directory: Path) -> None:
        self.file = directory / "pysched.yaml"
        self.file.write_text(FILE)
        self.settings = load_settings(
            overrides={"runs.on_stop": "leave"},
            environ={"PYSCHED_SERVER__HOST": "0.0.0.0"},
            directory=directory,
        )
        self.editor = SettingsFileEditor(self.settings)

    def change(self, values: dict[str, Any] | None = None, *reset: str) -> SettingsChange:
        return asyncio.run(self.editor.change(values or {}, reset))

    def after(self) -> Settings:
        return asyncio.run(self.editor.next())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_only_what_is_changed_is_other_than_before(bench: Bench):
    change = bench.change({"log.level": "debug", "statistics.keep_days": 30})

    assert change.written == ("log.level", "statistics.keep_days")
    assert (
        bench.file.read_text() == FILE.replace("info", "debug") + "statistics:\n  keep_days: 30\n"
    )


def test_a_key_that_is_reset_is_taken_out(bench: Bench):
    bench.change(None, "server.port")

    assert "server" not in bench.file.read_text()
    assert bench.after().server.port == 8000


def test_a_change_holds_from_the_next_start_on(bench: Bench):
    bench.change({"server.port": 9001})

    assert (bench.settings.server.port, bench.after().server.port) == (9000, 9001)


def test_what_others_give_holds_after_a_restart_too(bench: Bench):
    change = bench.change({"server.host": "127.0.0.1", "runs.on_stop": "drain"})

    assert change.overridden == {"server.host": "PYSCHED_SERVER__HOST", "runs.on_stop": "--on-stop"}
    assert (bench.after().server.host, bench.after().runs.on_stop) == ("0.0.0.0", "leave")


def test_nothing_changed_is_the_same_after_a_restart(bench: Bench):
    assert bench.after() == bench.settings


def test_a_file_that_is_not_there_is_made(bench: Bench):
    bench.file.unlink()
    bench.change({"debug": True})

    assert (bench.after().debug, bench.file.stat().st_mode & 0o777) == (True, 0o644)


def test_the_permissions_of_the_file_stay(bench: Bench):
    bench.file.chmod(0o600)
    bench.change({"debug": True})

    assert bench.file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in bench.file.parent.iterdir()] == ["pysched.yaml"]


def test_a_link_stays_one(bench: Bench, tmp_path: Path):
    real = tmp_path / "etc" / "pysched.yaml"
    real.parent.mkdir()
    bench.file.rename(real)
    bench.file.symlink_to(real)
    bench.change({"debug": True})

    assert (bench.file.is_symlink(), "debug: true" in real.read_text()) == (True, True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"server.port": "many"}, "pysched.yaml:3"),
        ({"server.port": 70_000}, "pysched.yaml:3"),
        ({"log": {"level": "loud"}}, "no key"),
        ({"server.prot": 1}, "no key"),
        ({"api_key": "x"}, "no key"),
        ({"": 1}, "no key"),
        ({"defaults.timezone": "Mars/Olympus"}, "pysched.yaml"),
    ],
)
def test_what_would_not_start_is_not_written(bench: Bench, values: dict[str, Any], words: str):
    with pytest.raises((InvalidInput, InvalidSettings), match=words):
        bench.change(values)

    assert bench.file.read_text() == FILE


def test_a_key_is_not_set_and_reset_at_once(bench: Bench):
    with pytest.raises(InvalidInput, match="not both"):
        bench.change({"debug": True}, "debug")


def test_a_file_that_has_mistakes_is_left_alone(bench: Bench):
    bench.file.write_text("server: [")

    with pytest.raises(InvalidSettings):
        bench.change({"debug": True})

    assert bench.file.read_text() == "server: ["


def test_a_directory_that_takes_nothing_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(CannotWrite, match="Permission denied"):
        bench.change({"debug": True})

    assert [each.name for each in bench.file.parent.iterdir()] == ["pysched.yaml"]
