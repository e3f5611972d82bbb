"""Help whoever edits: check a text before it is saved, and complete Python in it.

Nothing is written, and nothing of a script is run. Both are bounded in number, time and
memory, in processes of their own; an editor who asks too often gets the newest answer.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from engine.config import settings_problems
from engine.editing.completers import Completers, start_completer
from engine.editing.place import no_text
from engine.editing.python import ENDS, ScriptPython, check_python
from engine.editing.question import Question
from engine.editing.turns import Turns
from engine.environments.catalog import UvEnvironments
from engine.errors import InvalidInput, NotFound
from engine.model.completion import Completions
from engine.model.environment import Environment
from engine.model.identity import ScriptId
from engine.model.tree import Problem
from engine.ports import InForce
from engine.reconcile.state import State
from engine.service.overlay import Overlay
from engine.spec.doubts import doubts
from engine.spec.files import REQUIREMENTS_FILE
from engine.spec.folder import FOLDER_FILE
from engine.spec.report import in_order
from engine.tree.definer import Definer
from engine.tree.inner_path import InnerPath, inner_path

SETTINGS_FILE = "pysched.yaml"
CHECKS_AT_ONCE = 2
NOT_BUILT = "the script's environment is not built yet: its packages are not known"


class Assistance:
    """Use on one event loop."""

    def __init__(
        self, root: Path, state: State, definer: Definer, environments: UvEnvironments
    ) -> None:
        cache = environments.layout.data / "cache" / "jedi"
        self._root = root
        self._state = state
        self._definer = definer
        self._environments = environments
        self._checks = Turns(CHECKS_AT_ONCE)
        self._completers = Completers(lambda: start_completer(cache))

    async def check(
        self, script: str | None, path: str, text: str, *, asker: str
    ) -> Sequence[Problem]:
        """Return what would be wrong if a text were saved as a file, in the order of the text.

        `path` is from the script's directory, or with no script from the tree's root: then it
        is a `folder.yaml` or the `pysched.yaml` of the server. `asker` is the name of who asks.
        Raises NotFound, InvalidInput for a path that cannot be used, Superseded, Unavailable.
        """
        inner = inner_path(path)
        async with self._checks.turn((asker, script, path)):
            if script is None:
                return await asyncio.to_thread(self._check_above_scripts, inner, text)
            return await self._check_of_script(self._in_force(script), inner, text)

    async def complete(
        self, script: str, path: str, text: str, at: tuple[int, int], *, asker: str
    ) -> Completions:
        """Return ways to go on at a place (line and column, from 1) in Python text.

        Raises NotFound, InvalidInput for a path or place that cannot be used, Superseded,
        and Unavailable when there is no answer in time.
        """
        inner = inner_path(path)
        in_force = self._in_force(script)
        if not path.endswith(ENDS):
            raise InvalidInput(f"{path}: only Python is completed, in files that end with .py")
        unusable = no_text(path, text)
        if unusable is not None:
            raise InvalidInput(str(unusable))
        environment = self._environment(in_force)
        directory = self._root / in_force.id
        question = Question(
            text=text,
            line=at[0],
            column=at[1],
            path=str(directory.joinpath(*inner)),
            directory=str(directory),
            packages=await asyncio.to_thread(_packages, environment),
            version=self._python(in_force).version,
        )
        found = await self._completers.complete(question, asker=(asker, script, path))
        if environment is None and found.note is None:
            return Completions(items=found.items, note=NOT_BUILT)
        return found

    async def close(self) -> None:
        await self._completers.close()

    def _in_force(self, script: str) -> InForce:
        found = self._state.scripts.get(ScriptId(script))
        if found is None:
            raise NotFound(f"there is no script {script!r}")
        return found

    def _check_above_scripts(self, path: InnerPath, text: str) -> Sequence[Problem]:
        shown = "/".join(path)
        unusable = no_text(shown, text)
        if unusable is not None:
            return [unusable]
        if path[-1] == FOLDER_FILE:
            return self._definer.folder("/".join(path[:-1]), text.encode()).problems
        if shown == SETTINGS_FILE:
            return settings_problems(text.encode())
        raise InvalidInput(
            f"{shown}: without a script only a {FOLDER_FILE} or {SETTINGS_FILE} can be checked; "
            "name the script that the file belongs to"
        )

    async def _check_of_script(
        self, in_force: InForce, path: InnerPath, text: str
    ) -> Sequence[Problem]:
        shown = "/".join((in_force.id, *path))
        unusable = no_text(shown, text)
        if unusable is not None:
            return [unusable]
        found = await asyncio.to_thread(self._check_definition, in_force.id, path, text.encode())
        if path[-1].endswith(ENDS):
            found = [*found, *await check_python(self._python(in_force), shown, text)]
        return in_order(found)

    def _check_definition(self, script: ScriptId, path: InnerPath, text: bytes) -> list[Problem]:
        """Return what a text does to the definition of its script, as far as it is to blame."""
        place = InnerPath((*script.split("/"), *path))
        shown = "/".join(place)
        overlay = Overlay(self._root, self._definer, {place: text})
        others = {one.id: one.script for one in self._state.tree.entries.values()}
        found = [one for one in overlay.problems(script, others) if one.path == shown]
        if path == (REQUIREMENTS_FILE,):
            found += doubts(shown, text)
        return found

    def _environment(self, in_force: InForce) -> Environment | None:
        """Return the environment that runs of the script use now."""
        return self._environments.by_key(in_force.environment) if in_force.environment else None

    def _python(self, in_force: InForce) -> ScriptPython:
        """Return the script's Python; the server's own while it has no environment."""
        built = self._environment(in_force)
        if built is not None:
            return ScriptPython(interpreter=built.interpreter, version=built.python)
        own = self._environments.default
        return ScriptPython(interpreter=own.path, version=own.version)


def _packages(environment: Environment | None) -> tuple[str, ...]:
    """Return the directories of an environment that hold packages."""
    if environment is None:
        return ()
    prefix = Path(environment.interpreter).parents[1]
    return tuple(map(str, sorted(prefix.glob("lib*/python*/site-packages"))))
