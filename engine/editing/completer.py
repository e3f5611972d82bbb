"""The process that completes: reads questions and writes answers, a line each, until the end.

A program of its own, started with `python -m`, because jedi holds up to hundreds of
megabytes, can take for ever, and reads whatever files a text refers to.

Nothing of a script or of its packages is imported or run: jedi reads their source. What
has none, an extension module, jedi imports to look into it, if it is on the path of this
process (`load_unsafe_extensions` off). That path is therefore cut down to Python's own
library. Nor does a text choose what is read: its changes to `sys.path` do not count, and
no names of files are completed.

Packages are those of the script's environment; Python's own library is that of the
server's Python, seen as the version of the script's.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import json
import os
import pickle
import resource
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import jedi
from jedi.api import completion
from jedi.api.environment import InterpreterEnvironment
from jedi.inference import imports
from parso import cache as trees

from engine.editing.place import lines_of

MEMORY = 1 << 29
"""Bytes of address space; jedi gives up what needs more."""
CPU_SECONDS = 10
"""Of one question, should nobody be left who waits for the answer and kills."""
DETAIL_SECONDS = 0.2
"""For how long details are looked up; jedi may have to read a module for each."""
MOST = 200
"""Items of an answer."""
OLDEST, NEWEST = (3, 8), (3, 14)
"""The grammars that are known."""
WARM_UP: Mapping[str, Any] = {
    "text": "def f(x='', y={}): ...\nf(x",
    "path": "/none/none.py",
    "directory": "/none",
    "packages": (),
    "version": sys.version,
}


class ScriptEnvironment(InterpreterEnvironment):
    """The Python of this process, with the syntax and the library of another version."""

    def __init__(self, version: str) -> None:
        super().__init__()
        major, minor, *_ = version.split(".")
        major, minor = min(max((int(major), int(minor)), OLDEST), NEWEST)
        self.version_info = self.version_info._replace(major=major, minor=minor)


def prepare(cache: Path) -> None:
    """Bound what this process may use, and what it may import."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    library = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    sys.path[:] = [path for path in sys.path if _is_library(path, library)]
    jedi.settings.auto_import_modules = []
    jedi.settings.cache_directory = cache
    # Names that are found in another case than was typed cannot be told from others.
    jedi.settings.case_insensitive_completion = False
    jedi.settings.add_bracket_after_function = False
    imports.sys_path.check_sys_path_modifications = _nothing
    completion.complete_file_name = _nothing
    trees._save_to_file_system = _save_whole  # pyright: ignore[reportPrivateUsage]


def _nothing(*_about: object, **_how: object) -> list[Any]:
    return []


def _is_library(path: str, library: Iterable[str | None]) -> bool:
    return path in library or path.endswith((".zip", "lib-dynload"))


def answer(question: Mapping[str, Any], cache: Path) -> dict[str, Any]:
    """Return the answer to a question as `engine.editing.question` reads it."""
    lines = lines_of(str(question["text"]))
    at = int(question["line"]), int(question["column"]) - 1
    if at[0] > len(lines) or at[1] > len(lines[at[0] - 1]):
        where = f"line {at[0]}, column {at[1] + 1}"
        return {"refused": f"{where} is not in the text, which has {len(lines)} lines"}
    try:
        found = complete(question, at, cache)
    except MemoryError:
        raise
    except Exception as error:
        # Code that is being typed is of any form, and jedi not made for all of them.
        return {"items": [], "note": f"jedi cannot read this: {type(error).__name__}"}
    note = f"the first {MOST} of {len(found)}" if len(found) > MOST else None
    line = lines[at[0] - 1][: at[1]]
    return {"items": list(_items(found[:MOST], line)), "note": note}


def complete(question: Mapping[str, Any], at: tuple[int, int], cache: Path) -> list[Any]:
    """Return what jedi finds at a line and a column, the latter from 0."""
    try:
        return _found(question, at)
    except (EOFError, pickle.UnpicklingError):
        # Half of a file, as a crash of the machine may leave it.
        shutil.rmtree(cache, ignore_errors=True)
        return _found(question, at)


def _found(question: Mapping[str, Any], at: tuple[int, int]) -> list[Any]:
    text: str = question["text"]
    if text.startswith("\ufeff"):
        # Jedi does not know the byte order mark.
        text, at = text[1:], (at[0], max(0, at[1] - (at[0] == 1)))
    # As for a run, whose main file's directory comes first.
    own = dict.fromkeys((str(Path(question["path"]).parent), question["directory"]))
    path = [*own, *sys.path, *question["packages"]]
    script = jedi.Script(
        text,
        path=question["path"],
        project=jedi.Project(question["directory"], sys_path=path, smart_sys_path=False),
        environment=ScriptEnvironment(question["version"]),
    )
    return _as_list(script.complete(*at))


def _as_list(found: Any) -> list[Any]:
    return list(found)


def _save_whole(hashed_grammar: str, path: Path, item: Any, cache_path: Path) -> None:
    """Keep what was parsed; whoever is killed meanwhile leaves what was there before."""
    name: str = trees._get_hashed_path(  # pyright: ignore[reportPrivateUsage]
        hashed_grammar, path, cache_path=cache_path
    )
    file = Path(name)
    fresh = file.with_suffix(f".{os.getpid()}")
    with fresh.open("wb") as written:
        pickle.dump(item, written, pickle.HIGHEST_PROTOCOL)
    fresh.replace(file)


def _items(found: Iterable[Any], line: str) -> Iterator[dict[str, Any]]:
    until = time.monotonic() + DETAIL_SECONDS
    for one in found:
        told = time.monotonic() < until
        label, typed = one.name_with_symbols, one.get_completion_prefix_length()
        begun = line[len(line) - typed :]
        # Of a key of a mapping jedi names the whole, quotes and all, or the rest of it.
        whole = label.startswith(begun)
        yield {
            "label": label,
            "kind": one.type if told else "",
            "detail": one.description if told else "",
            "insert": label if whole else one.complete or "",
            "replaces": typed if whole else 0,
        }


def main() -> None:
    """Answer until standard input ends, which it does when whoever asks is gone."""
    cache = Path(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # Whatever a library prints must not be taken for an answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    prepare(cache)
    # What nearly every answer needs: the types of Python itself take a second to read.
    complete(WARM_UP, (2, 3), cache)
    answers.write(b"{}\n")
    for line in sys.stdin.buffer:
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
        said = answer(json.loads(line), cache)
        said["memory"] = held()
        answers.write(json.dumps(said).encode() + b"\n")


def held() -> int:
    """Return the bytes of memory that this process holds; 0 where that is not told."""
    with suppress(OSError):
        pages = Path("/proc/self/statm").read_bytes().split()[1]
        return int(pages) * resource.getpagesize()
    return 0


if __name__ == "__main__":
    main()
