"""Find the Pythons that are installed, without network and without asking twice.

Each file is asked once for its version; the answer is kept in a JSON file under
its path, time and size, so that a later start only looks at names. Directories
called `shims` are left out: what pyenv and others put there is called
`python3.12` and fails when that version is not switched on.
"""

import asyncio
import json
import logging
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from packaging.version import Version

from engine.environments.choice import OLDEST, Interpreter
from engine.environments.files import read_json, write_file
from engine.errors import CommandFailed
from engine.process import CommandTimedOut, run_command

logger = logging.getLogger(__name__)

QUERY_SECONDS = 10.0
AT_ONCE = 4

_NAME = re.compile(r"(python3(\.\d+)?t?|pypy3(\.\d+)?)\Z")
_QUERY = (
    "import sys\n"
    "v, i = sys.version_info, sys.implementation\n"
    "pre = {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}.get(v[3], '')\n"
    "print('%d.%d.%d' % v[:3] + (pre + str(v[4]) if pre else ''))\n"
    "print(i.name + ('-' + sys.abiflags if getattr(sys, 'abiflags', '') else ''))\n"
    "print(64 if sys.maxsize > 2**32 else 32)\n"
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a file said when it was asked."""

    mtime_ns: int
    size: int
    version: str
    """Empty when the file is not a Python that works."""
    implementation: str = ""
    bits: int = 64


def own_interpreter() -> Interpreter:
    """Return the Python that runs this program; of a virtual environment, the one below it."""
    flags = getattr(sys, "abiflags", "")
    return Interpreter(
        path=os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
        version=platform.python_version().removesuffix("+"),
        implementation=sys.implementation.name + (f"-{flags}" if flags else ""),
        bits=64 if sys.maxsize > 2**32 else 32,
    )


def search_directories(environ: Mapping[str, str], extra: Sequence[Path]) -> Iterator[Path]:
    """Give the directories where Pythons are looked for; some may not exist.

    An entry of `extra` may be a file, a directory with Pythons, an installation
    (with `bin`), or a directory of installations.
    """
    home = Path(environ.get("HOME") or Path.home())
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    collections = (
        Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv/python"),
        data / "mise/installs/python",
        home / ".asdf/installs/python",
        Path("/opt"),
        Path("/Library/Frameworks/Python.framework/Versions"),
    )
    for path in extra:
        yield from (path, path / "bin", *sorted(path.glob("*/bin")))
    yield from (Path(p) for p in environ.get("PATH", "").split(os.pathsep) if p)
    yield from (Path("/usr/bin"), Path("/usr/local/bin"))
    for collection in collections:
        yield from sorted(collection.glob("*/bin"))


def candidates(
    directories: Iterable[Path], extra: Sequence[Path] = ()
) -> dict[str, os.stat_result]:
    """Return the files that may be Pythons, by their resolved path."""
    found: dict[str, os.stat_result] = {}
    for path in (*(p for p in extra if p.is_file()), *_named_like_python(directories)):
        resolved = os.path.realpath(path)
        if resolved in found or _in_virtual_environment(Path(resolved)):
            continue
        try:
            found[resolved] = Path(resolved).stat()
        except OSError:
            continue  # A dangling link: no Python is there.
    return found


def _named_like_python(directories: Iterable[Path]) -> Iterator[str]:
    for directory in dict.fromkeys(directories):
        if "shims" in directory.parts:
            continue
        try:
            names = sorted(name for name in os.listdir(directory) if _NAME.match(name))  # noqa: PTH208 - names alone, of large directories
        except OSError:
            continue  # Not there, or not ours to read.
        yield from (f"{directory}/{name}" for name in names)


def _in_virtual_environment(path: Path) -> bool:
    return any((parent / "pyvenv.cfg").exists() for parent in path.parents[:2])


class Interpreters:
    """The installed Pythons, looked at anew with each call and asked only when they changed."""

    def __init__(
        self, *, cache: Path, environ: Mapping[str, str], extra: Sequence[Path] = ()
    ) -> None:
        self._cache = cache
        self._environ = environ
        self._extra = tuple(path.expanduser() for path in extra)

    async def found(self) -> tuple[Interpreter, ...]:
        """Return all that work and are not too old, newest first."""
        files = await asyncio.to_thread(self._look)
        known = await asyncio.to_thread(self._read)
        asked = {
            path: stat
            for path, stat in files.items()
            if (answer := known.get(path)) is None
            or (answer.mtime_ns, answer.size) != (stat.st_mtime_ns, stat.st_size)
        }
        if asked:
            known |= await self._ask(asked)
            await asyncio.to_thread(self._write, {p: known[p] for p in files if p in known})
        return _usable({path: known[path] for path in files if path in known})

    def _look(self) -> dict[str, os.stat_result]:
        return candidates(search_directories(self._environ, self._extra), self._extra)

    async def _ask(self, files: Mapping[str, os.stat_result]) -> dict[str, _Answer]:
        slots = asyncio.Semaphore(AT_ONCE)

        async def ask(path: str, stat: os.stat_result) -> tuple[str, _Answer | None]:
            async with slots:
                return path, await _ask(path, stat)

        answers = await asyncio.gather(*(ask(path, stat) for path, stat in files.items()))
        return {path: answer for path, answer in answers if answer is not None}

    def _read(self) -> dict[str, _Answer]:
        raw = cast("dict[str, dict[str, Any]]", read_json(self._cache) or {})
        try:
            return {path: _Answer(**fields) for path, fields in raw.items()}
        except TypeError:
            logger.info("the list of interpreters is of another release and is made anew")
            return {}

    def _write(self, known: Mapping[str, _Answer]) -> None:
        text = json.dumps({path: asdict(answer) for path, answer in known.items()}, indent=1)
        try:
            write_file(self._cache, text + "\n")
        except OSError as error:
            # Only speed is lost: they are asked again at the next start.
            logger.warning("the list of interpreters is not kept", extra={"error": str(error)})


async def _ask(path: str, stat: os.stat_result) -> _Answer | None:
    """Return what a file says; None when that must not be remembered."""
    answer = _Answer(mtime_ns=stat.st_mtime_ns, size=stat.st_size, version="")
    try:
        done = await run_command(
            [path, "-I", "-S", "-c", _QUERY], cwd=Path("/"), env={}, timeout=QUERY_SECONDS
        )
    except CommandTimedOut:
        logger.warning("an interpreter did not answer in time", extra={"path": path})
        return None
    except CommandFailed:
        return answer
    lines = done.stdout.splitlines()
    if done.code != 0 or len(lines) != len(("version", "implementation", "bits")):
        return answer
    return replace(answer, version=lines[0], implementation=lines[1], bits=int(lines[2]))


def _usable(answers: Mapping[str, _Answer]) -> tuple[Interpreter, ...]:
    working = (
        Interpreter(path=path, version=a.version, implementation=a.implementation, bits=a.bits)
        for path, a in answers.items()
        if a.version and Version(a.version) >= OLDEST
    )
    return tuple(sorted(working, key=lambda i: (Version(i.version), i.path), reverse=True))
