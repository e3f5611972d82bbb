"""Read a request's requirements: what needs permission, and what goes into the lock.

A requirement line with an option, an editable, another file or a local path
lets a script decide from where code is installed, so it needs the setting
`environments.allow_options` (spec.md §7).
"""

import re
from collections.abc import Iterator

_INDEX_OPTION = re.compile(
    r"(-i|--index-url|--extra-index-url|-f|--find-links|--no-index|--no-binary|--only-binary)\b"
)
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?:==(?P<version>[^\s;]+)|\s*@\s*(?P<url>\S+))"
)
_URL = re.compile(r"[\w+.-]+://|file:")
_FILE_URL = re.compile(r"(\w+\+)?file:")


def needs_permission(requirements: str) -> Iterator[str]:
    """Give the lines that may only be used with `environments.allow_options`."""
    for line in requirements.splitlines():
        text = line.strip()
        if text and (_is_option(text) or _is_local(text)):
            yield text


def refusal(line: str) -> str:
    """Say why a line is not used and what to do."""
    return (
        f"requirement {line!r} is an option or a local path, which is not allowed here: "
        "set environments.allow_options, or name the package by name and version"
    )


def _is_option(line: str) -> bool:
    # `name --hash=…` and `name --config-settings …` belong to one package and are harmless.
    return line.startswith("-")


def _is_local(line: str) -> bool:
    if "${" in line:
        # uv fills in variables of its own environment, which may hold an index password.
        return True
    spec = line.partition(";")[0].strip()
    if _URL.match(spec):
        return _FILE_URL.match(spec) is not None
    target = spec.partition("@")[2].strip()
    if target:
        return not _URL.match(target) or _FILE_URL.match(target) is not None
    return spec[0] in "./~\\" or "/" in spec or spec.endswith((".whl", ".tar.gz", ".zip"))


def index_options(requirements: str) -> str:
    """Return the lines that say where packages come from; installing needs them as well."""
    lines = [line for line in requirements.splitlines() if _INDEX_OPTION.match(line.strip())]
    return "".join(f"{line}\n" for line in lines)


def normalised_lock(text: str) -> str:
    """Return a lock's text without comments, blank lines and spaces that mean nothing."""
    lines = (line.rstrip() for line in text.splitlines())
    kept = [line for line in lines if line and not line.lstrip().startswith("#")]
    return "".join(f"{line}\n" for line in kept)


def fully_hashed(lock: str) -> bool:
    """Tell whether every package of the lock has a hash.

    Editables, local directories and repositories cannot have one; they come only
    from requests that were allowed to ask for them.
    """
    blocks = re.split(r"(?m)^(?=[^\s#-])", lock)[1:]
    editables = re.search(r"(?m)^(-e|--editable)\b", lock)
    return editables is None and all("--hash=" in block for block in blocks)


def pinned(lock: str) -> dict[str, str]:
    """Return the version of each package of a lock, or the address it comes from."""
    pins: dict[str, str] = {}
    for line in lock.splitlines():
        pin = _PIN.match(line)
        if pin:
            pins[pin["name"]] = pin["version"] or pin["url"]
    return pins
