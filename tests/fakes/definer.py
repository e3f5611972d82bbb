"""A Definer without YAML: a manifest is lines of `key=value`, and `!` is an error in it."""

from collections.abc import Collection, Mapping, Sequence

from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Problem
from engine.spec.check_tree import ReadManifest
from engine.spec.definition import Definition
from engine.spec.files import ScriptFiles, check_script_name
from engine.tree.definer import Folder


class FakeDefiner:
    """Counts what it is asked to define in `defined`."""

    def __init__(self, fingerprint: str = "1") -> None:
        self.fingerprint = fingerprint
        self.defined: list[str] = []

    def is_script(self, name: str, files: Collection[str]) -> bool:
        return any(file in files for file in ("script.yaml", f"{name}.py", "main.py"))

    def folder(self, folder: str, content: bytes) -> Folder:
        bad: tuple[Problem, ...] = ()
        if b"!" in content:
            bad = (Problem(path=f"{folder}/folder.yaml", code="bad", message="bad folder"),)
        return Folder(bad, content.decode())

    def unread_folder(self, folder: str, problem: Problem) -> Folder:
        return Folder((problem,), None)

    def define(self, files: ScriptFiles, folders: Sequence[Folder]) -> Definition:
        self.defined.append(files.id)
        manifest = (files.manifest or b"").decode()
        reserved = check_script_name(files.id)
        if reserved:
            return Definition(None, (reserved,))
        if "!" in manifest:
            problem = Problem(path=f"{files.id}/script.yaml", code="bad", message="bad manifest")
            return Definition(None, (problem,))
        return Definition(
            Script(
                id=files.id,
                name=files.id,
                main="main.py",
                description=manifest,
                args=tuple(str(folder.value) for folder in folders),
                environment=EnvironmentRequest(
                    requirements=(files.requirements or b"").decode(),
                ),
            ),
            (),
        )

    def check(
        self, scripts: Mapping[ScriptId, Script | None], read_manifest: ReadManifest
    ) -> Mapping[ScriptId, tuple[Problem, ...]]:
        """`after=x` in a manifest needs a script called x."""
        found: dict[ScriptId, tuple[Problem, ...]] = {}
        for script, definition in scripts.items():
            wanted = definition.description.partition("after=")[2] if definition else ""
            if wanted and wanted not in scripts:
                path = f"{script}/script.yaml"
                found[script] = (Problem(path=path, code="unknown_script", message=wanted),)
        return found
