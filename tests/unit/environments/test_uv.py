"""What uv is told and what it sees."""

from pathlib import Path

import pytest

from engine.environments.failure import BuildFailed
from engine.environments.uv import find_uv, sync_arguments, uv_environment

CACHE = Path("/data/cache/uv")


def environment(**environ: str) -> dict[str, str]:
    return uv_environment(environ, cache=CACHE, index_url=None)


def test_only_what_is_named_is_passed_on():
    seen = environment(
        PATH="/bin", http_proxy="http://p", PYTHONPATH="/x", VIRTUAL_ENV="/v", UV_PYTHON="3.9",
        PYSCHED_SECRET_KEY="s", UV_INDEX_MINE_PASSWORD="p",
    )  # fmt: skip

    assert {k: v for k, v in seen.items() if k not in environment()} == {
        "PATH": "/bin", "http_proxy": "http://p", "UV_INDEX_MINE_PASSWORD": "p",
    }  # fmt: skip


def test_nobodys_configuration_is_read_and_no_python_fetched():
    seen = environment(UV_CACHE_DIR="/elsewhere", UV_PYTHON_DOWNLOADS="automatic")

    assert seen == {
        "UV_CACHE_DIR": "/data/cache/uv",
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "NO_COLOR": "1",
    }


def test_words_of_pip_are_understood():
    assert environment(PIP_CERT="/ca.pem")["SSL_CERT_FILE"] == "/ca.pem"


def test_words_of_uv_win_over_those_of_pip():
    seen = environment(PIP_INDEX_URL="http://pip", UV_DEFAULT_INDEX="http://uv")

    assert seen["UV_DEFAULT_INDEX"] == "http://uv"


def test_the_setting_wins_over_the_environment():
    seen = uv_environment(
        {"UV_DEFAULT_INDEX": "http://a", "UV_INDEX_URL": "http://b"},
        cache=CACHE,
        index_url="http://mine",
    )

    assert seen["UV_DEFAULT_INDEX"] == "http://mine"
    assert "UV_INDEX_URL" not in seen


def test_offline_is_told_to_uv():
    seen = uv_environment({}, cache=CACHE, index_url=None, offline=True)

    assert seen["UV_OFFLINE"] == "1"


def test_hashes_are_required_where_there_are_any():
    lock = Path("/x/requirements.lock")

    assert "--require-hashes" in sync_arguments(lock, "py", offline=False, hashed=True)
    assert "--require-hashes" not in sync_arguments(lock, "py", offline=True, hashed=False)


def test_uv_on_the_path_is_used_where_none_is_installed_with_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("uv.find_uv_bin", missing)
    program = tmp_path / "uv"
    program.touch(mode=0o755)

    assert find_uv({"PATH": str(tmp_path)}) == str(program)


def test_no_uv_at_all_is_told_with_the_mend(monkeypatch: pytest.MonkeyPatch):
    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("uv.find_uv_bin", missing)

    with pytest.raises(BuildFailed, match=r"uv is not installed.*pip install uv"):
        find_uv({"PATH": "/nonexistent"})
