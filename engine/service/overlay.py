"""Define a script as if an unsaved text were one of its files.

The definition is made of what is on disk now, not of the last scan, so that the answer is
the one that saving would give; the rest of the tree counts as it was last seen.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.errors import InvalidInput
from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Problem
from engine.spec.definition import Definition
from engine.spec.files import MANIFEST_FILE, REQUIREMENTS_FILE, ScriptFiles
from engine.spec.folder import FOLDER_FILE
from engine.tree.contained import directory_of, open_contained
from engine.tree.contents import DEFINING, LARGEST_SOURCE
from engine.tree.definer import Definer, Folder
from engine.tree.folder import LARGEST as LARGEST_FOLDER
from engine.tree.inner_path import InnerPath, inner_path
from engine.tree.reading import read_from

Scripts = Mapping[ScriptId, Script | None]


class Overlay:
    """One unsaved text over the files of a tree; everything here reads the disk."""

    def __init__(self, root: Path, definer: Definer, unsaved: Mapping[InnerPath, bytes]) -> None:
        """`unsaved` has texts by their path from the root of the tree."""
        self._root = root
        self._definer = definer
        self._unsaved = unsaved

    def problems(self, script: ScriptId, others: Scripts) -> tuple[Problem, ...]:
        """Return what would be wrong with a script, alone and together with the others."""
        place = tuple(script.split("/"))
        definition = self._define(script, place)
        scripts = {**others, script: definition.script}
        between = self._definer.check(scripts, lambda one: self._manifest(one))
        return (*definition.problems, *between.get(script, ()))

    def _define(self, script: ScriptId, place: tuple[str, ...]) -> Definition:
        files = ScriptFiles(
            id=script,
            names=frozenset(self._names(place)),
            manifest=self._read((*place, MANIFEST_FILE), DEFINING[MANIFEST_FILE]),
            requirements=self._read((*place, REQUIREMENTS_FILE), DEFINING[REQUIREMENTS_FILE]),
            main_source=lambda path: self._source(place, path),
        )
        return self._definer.define(files, list(self._folders(place)))

    def _source(self, place: tuple[str, ...], path: str) -> bytes | None:
        """Return what a manifest names as the main file, if that is inside its directory."""
        try:
            inner = inner_path(path)
        except InvalidInput:
            return None
        return self._read((*place, *inner), LARGEST_SOURCE)

    def _folders(self, place: tuple[str, ...]) -> Iterator[Folder]:
        for depth in range(len(place)):
            folder = place[:depth]
            content = self._read((*folder, FOLDER_FILE), LARGEST_FOLDER)
            if content is not None:
                yield self._definer.folder("/".join(folder), content)

    def _names(self, place: tuple[str, ...]) -> Iterator[str]:
        """Give the names of files in a script's directory, saved or not."""
        yield from (path[-1] for path in self._unsaved if path[:-1] == place)
        try:
            with (
                directory_of(self._root, InnerPath((*place, ""))) as directory,
                os.scandir(directory) as entries,
            ):
                yield from (entry.name for entry in entries if not entry.is_dir())
        except OSError:
            # Gone, or not to be read: then it has no other files.
            return

    def _manifest(self, script: ScriptId) -> bytes | None:
        return self._read((*script.split("/"), MANIFEST_FILE), DEFINING[MANIFEST_FILE])

    def _read(self, path: tuple[str, ...], limit: int) -> bytes | None:
        """Return a file, unsaved or on disk; None where there is none that can be read."""
        unsaved = self._unsaved.get(InnerPath(path))
        if unsaved is not None:
            return unsaved
        try:
            descriptor, status = open_contained(self._root, InnerPath(path))
        except OSError:
            return None
        try:
            return read_from(descriptor, limit, status.st_size)
        finally:
            os.close(descriptor)
