"""Decide which environment variables an operator may give to a run that he starts.

An operator starts what others wrote. Some variables make Python, the loader, a shell or a
program that the script calls run other code, so whoever sets one of them writes code as an
editor does. A script's author lets operators set such a name by having it in `env`.

The list is of what is known to steer; no list can know every program that a script calls.
"""

from collections.abc import Collection, Iterable
from typing import Final

from engine.errors import Forbidden

_NAMES: Final = frozenset(
    {
        # The loader, the C library and its character sets (ld.so(8), iconv(3), locale(7)).
        "GCONV_PATH",
        "LOCPATH",
        # Where programs and their settings are found.
        "HOME",
        "PATH",
        "VIRTUAL_ENV",
        "XDG_CONFIG_DIRS",
        "XDG_CONFIG_HOME",
        # Shells (bash(1), sh(1)).
        "BASHOPTS",
        "ENV",
        "IFS",
        "PROMPT_COMMAND",
        "PS4",
        "SHELLOPTS",
        # Programs that other programs start by name.
        "BROWSER",
        "EDITOR",
        "PAGER",
        "SHELL",
        "VISUAL",
        # Whose word is believed about other hosts.
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        # Other languages.
        "NODE_OPTIONS",
        "NODE_PATH",
    }
)
_BEGINNINGS: Final = (
    # Functions of bash come as BASH_FUNC_name%%.
    "BASH_",
    "DYLD_",
    "GIT_",
    "GLIBC_",
    "LD_",
    "MALLOC_",
    "OPENSSL_",
    "PERL5",
    "PIP_",
    "PYSCHED_",
    "PYTHON",
    "RUBY",
    "UV_",
)
_PROXY: Final = "_PROXY"
"""The end of a name that programs read in either case."""


def steers(name: str) -> bool:
    """Say whether a variable of that name may make a run do other things than its script says."""
    return name in _NAMES or name.startswith(_BEGINNINGS) or name.upper().endswith(_PROXY)


def refuse_steering(given: Iterable[str], declared: Collection[str]) -> None:
    """Raise Forbidden for names that steer, but for those that the script's `env` declares."""
    refused = sorted(name for name in given if steers(name) and name not in declared)
    if refused:
        raise Forbidden(
            f"env: {', '.join(refused)} can make a run do other things than its script says, so "
            "it takes the role editor to give it; leave it out, or have an editor declare it in "
            "the script's env"
        )
