"""How uv is called: its commands, its environment, where it is.

uv never reads a configuration of the user or of the working directory, never
fetches a Python, and sees only the variables that are named here (facts: a
broken `uv.toml` beside a script made every call fail).
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import uv

from engine.environments.failure import BuildFailed, FailureKind

PASSED_ON = frozenset(
    {
        "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "NETRC", "SSH_AUTH_SOCK",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT",
        "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX",
        "UV_OFFLINE", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_INSECURE_HOST",
        "UV_KEYRING_PROVIDER", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS",
        "CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "PKG_CONFIG_PATH",
    }
)  # fmt: skip
"""Proxies are also taken in lower case, and everything that starts with UV_INDEX."""

FROM_PIP = {
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
}
"""What machines set up for pip say in its words; uv's own words win."""


def find_uv(environ: Mapping[str, str]) -> str:
    """Return the path of uv: the one installed with us, else one on PATH.

    Raises EnvironmentFailed when there is none.
    """
    try:
        return os.fsdecode(uv.find_uv_bin())
    except FileNotFoundError:
        found = shutil.which("uv", path=environ.get("PATH"))
    if found is None:
        raise BuildFailed(
            "uv is not installed, and environments cannot be built without it: "
            "run `python -m pip install uv`, or add the directory that holds it to PATH",
            kind=FailureKind.MACHINE,
        )
    return found


def uv_environment(
    environ: Mapping[str, str], *, cache: Path, index_url: str | None, offline: bool = False
) -> dict[str, str]:
    """Return the whole environment of a uv command; `index_url` stands in for the usual index."""
    passed = {
        name: value
        for name, value in environ.items()
        if name.startswith("UV_INDEX") or name in PASSED_ON or _is_proxy(name)
    }
    for theirs, ours in FROM_PIP.items():
        if theirs in environ:
            passed.setdefault(ours, environ[theirs])
    if index_url:
        passed["UV_DEFAULT_INDEX"] = index_url
        passed.pop("UV_INDEX_URL", None)
    if offline:
        passed["UV_OFFLINE"] = "1"
    return passed | {
        "UV_CACHE_DIR": str(cache),
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "NO_COLOR": "1",
    }


def _is_proxy(name: str) -> bool:
    return name.endswith("_proxy") and name.upper() in PASSED_ON


def compile_arguments(requirements: str, lock: str, python: str) -> list[str]:
    """Resolve requirements to a lock with hashes, for one interpreter."""
    return [
        "pip", "compile", "--no-config", "--generate-hashes", "--no-header", "--no-annotate",
        "--python", python, "--output-file", lock, requirements,
    ]  # fmt: skip


def venv_arguments(directory: Path, python: str) -> list[str]:
    """Make a bare environment in an empty directory; needs no network."""
    return ["venv", "--no-config", "--no-project", "--offline", "--python", python, str(directory)]


def sync_arguments(lock: Path, python: str, *, offline: bool, hashed: bool) -> list[str]:
    """Install exactly what the lock names."""
    options = ["--offline"] * offline + ["--require-hashes"] * hashed
    return ["pip", "sync", "--no-config", *options, "--python", python, str(lock)]
