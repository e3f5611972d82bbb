"""Create scripts, change what their manifests say, remove them.

Unlike a file, a manifest is written only if it is right: whoever sends keys, and not
text, cannot see where a mistake would be.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from engine.errors import InvalidInput, NameTaken
from engine.model.file import Edited, Precondition, etag_of
from engine.model.identity import ScriptId, safe_name
from engine.model.tree import Severity
from engine.service.disk import told
from engine.service.file_edits import FileEdits
from engine.service.removal import Removal
from engine.service.workbench import Workbench
from engine.spec.files import MANIFEST_FILE
from engine.spec.template import new_script_files, schema_files, schema_line
from engine.tree.create import checked_folder, place_script
from engine.tree.definer import Definer
from engine.tree.exchange import exchange
from engine.tree.inner_path import InnerPath
from engine.tree.tentative import tentative_problems

_MANIFEST = InnerPath((MANIFEST_FILE,))


class ScriptEdits:
    def __init__(
        self, bench: Workbench, files: FileEdits, removal: Removal, definer: Definer
    ) -> None:
        """Edit scripts; `definer` says what their files mean."""
        self._removal = removal
        self._bench = bench
        self._root = bench.root
        self._files = files
        self._definer = definer

    async def change(
        self, script: ScriptId, changes: Mapping[str, Any], precondition: Precondition, by: str
    ) -> Edited:
        """Give keys of a manifest other values; None takes one out.

        Raises NotFound, ChangedMeanwhile, InvalidManifest, CannotWrite and NoSpace.
        """
        place = self._bench.place(script)
        path = f"{script}/{MANIFEST_FILE}"
        async with self._bench.turn:
            etag = await asyncio.to_thread(self._change, script, place, changes, precondition)
            keys = ", ".join(sorted(changes))
            commit = await self._bench.commits.try_to([path], f"Change {script}: {keys}", by)
            await self._bench.look([script])
        return Edited(problems=self._bench.problems(script), commit=commit, etag=etag)

    def _change(
        self,
        script: ScriptId,
        place: InnerPath,
        changes: Mapping[str, Any],
        precondition: Precondition,
    ) -> str:
        """Write the manifest if it would be right; returns its ETag."""
        from engine.spec.edit import edit

        is_there = self._files.check(place, _MANIFEST, precondition)
        before = self._files.read(place, _MANIFEST).content if is_there else None
        after = edit(
            f"{script}/{MANIFEST_FILE}",
            f"{schema_line(script)}\n".encode() if before is None else before,
            changes,
        )
        if after != before:
            self._check(script, {MANIFEST_FILE: after})
            with told(f"{script}/{MANIFEST_FILE}"):
                exchange(self._root, InnerPath((*place, *_MANIFEST)), after)
        return etag_of(after)

    def _check(self, script: ScriptId, files: Mapping[str, bytes]) -> None:
        """Raise InvalidManifest when the manifest would be wrong."""
        others = {known: entry.script for known, entry in self._bench.state.tree.entries.items()}
        with told(script):
            found = tentative_problems(self._root, script, files, others, self._definer)
        # Those of other files are there already, and no reason to refuse this one.
        path = f"{script}/{MANIFEST_FILE}"
        errors = [p for p in found if p.severity is Severity.ERROR and p.path == path]
        if errors:
            from engine.spec.edit import refusal

            raise refusal("nothing was written", errors)

    async def create(
        self, name: str, folder: str, changes: Mapping[str, Any], code: str | None, by: str
    ) -> ScriptId:
        """Create a script, its folder too if need be.

        Raises InvalidInput for a name or folder that cannot be used, NameTaken,
        InvalidManifest, CannotWrite and NoSpace.
        """
        folder = checked_folder(folder)
        check_folder(folder, self._bench.state.scripts)
        base = safe_name(name)
        script = ScriptId(f"{folder}/{base}" if folder else base)
        async with self._bench.turn:
            await asyncio.to_thread(self._create, script, name, changes, code)
            places = [script, *{path.partition("/")[0] for path in schema_files()}]
            await self._bench.commits.try_to(places, f"Create {script}", by)
            await self._bench.look([script])
        return script

    def _create(
        self, script: ScriptId, name: str, changes: Mapping[str, Any], code: str | None
    ) -> None:
        from engine.spec.edit import edit

        files = dict(new_script_files(script, name))
        manifest = f"{script}/{MANIFEST_FILE}"
        files[manifest] = edit(manifest, files[manifest].encode(), changes).decode()
        if code is not None:
            files[f"{script}/{script.rpartition('/')[2]}.py"] = code
        own = {
            path.removeprefix(f"{script}/"): content.encode()
            for path, content in files.items()
            if path.startswith(f"{script}/")
        }
        self._check(script, own)
        with told(script):
            if not place_script(self._root, script, files):
                raise NameTaken(f"{script} is there already; choose another name or folder")

    async def remove(self, script: ScriptId, *, discard: bool, by: str) -> Edited:
        """Remove a script with its directory, in a commit; `discard` is as in `Removal`.

        Runs that are going end by themselves. Raises NotFound, NotRestorable, Unavailable,
        CannotWrite and NoSpace.
        """
        self._bench.place(script)
        async with self._bench.turn:
            commit = await self._removal.take_out(script, discard=discard, by=by)
            await self._bench.look([script])
        return Edited(commit=commit)


def check_folder(folder: str, scripts: Collection[str]) -> None:
    """Raise InvalidInput for a folder that cannot hold scripts."""
    parts = folder.split("/")
    above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    script = next((place for place in above if place in scripts), None)
    if script is not None:
        raise InvalidInput(
            f"folder {folder!r}: {script} is a script, and directories below it belong to it"
        )
    if "files" in parts[1:]:
        raise InvalidInput(
            f"folder {folder!r}: only at the top of the tree may a folder be called 'files', "
            "since the API reads what follows as a file of a script"
        )
