"""Say what a script would be if its files were others, before they are written."""

import os
from collections.abc import Mapping
from pathlib import Path

from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Problem, Severity
from engine.spec.files import MANIFEST_FILE, REQUIREMENTS_FILE, ScriptFiles
from engine.tree.contained import open_contained
from engine.tree.contents import DEFINING, LARGEST_SOURCE
from engine.tree.definer import Definer
from engine.tree.folder import Chain, extend, outermost_chain
from engine.tree.inner_path import InnerPath
from engine.tree.places import join
from engine.tree.reading import read_from
from engine.tree.survey import list_directory


def tentative_problems(
    root: Path,
    script: ScriptId,
    files: Mapping[str, bytes],
    others: Mapping[ScriptId, Script | None],
    definer: Definer,
) -> tuple[Problem, ...]:
    """Return what would be wrong with a script whose directory had these files as well.

    `files` are contents by path below the directory, `others` the scripts of the tree.
    Raises OSError when the directory is there and cannot be read.
    """
    reader = _Reader(root, script, files)
    read = ScriptFiles(
        id=script,
        names=reader.names(),
        manifest=reader.read(MANIFEST_FILE),
        requirements=reader.read(REQUIREMENTS_FILE),
        main_source=reader.read,
    )
    defined = definer.define(read, _chain(root, script, definer).folders)
    if any(problem.severity is Severity.ERROR for problem in defined.problems):
        return defined.problems
    between = definer.check({**others, script: defined.script}, reader.manifest_of)
    return (*defined.problems, *between.get(script, ()))


class _Reader:
    def __init__(self, root: Path, script: ScriptId, files: Mapping[str, bytes]) -> None:
        self._root = root
        self._script = script
        self._files = files

    def names(self) -> frozenset[str]:
        """Return the names of the files directly in the directory."""
        found = {path for path in self._files if "/" not in path}
        try:
            return frozenset(found | list_directory(str(self._root / self._script)).names)
        except FileNotFoundError:
            return frozenset(found)

    def read(self, path: str) -> bytes | None:
        if path in self._files:
            return self._files[path]
        place = InnerPath(tuple(f"{self._script}/{path}".split("/")))
        try:
            descriptor, status = open_contained(self._root, place)
        except OSError:
            return None
        try:
            return read_from(descriptor, DEFINING.get(path, LARGEST_SOURCE), status.st_size)
        finally:
            os.close(descriptor)

    def manifest_of(self, script: ScriptId) -> bytes | None:
        return self.read(MANIFEST_FILE) if script == self._script else None


def _chain(root: Path, script: ScriptId, definer: Definer) -> Chain:
    """Return what the folders above a script say."""
    real = os.path.realpath(root)
    chain, place = extend(outermost_chain(definer), "", real, definer), ""
    for name in script.split("/")[:-1]:
        place = join(place, name)
        chain = extend(chain, place, join(real, place), definer)
    return chain
