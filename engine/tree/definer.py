"""What the scan asks of whoever turns files into definitions, and its answer from `engine.spec`.

The scan knows names, bytes and timestamps; what they mean is the definer's. It
is a protocol so that the scan can be tested without YAML.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from engine.model.identity import ScriptId
from engine.model.script import Script
from engine.model.tree import Problem
from engine.spec.check_tree import ReadManifest, check_tree
from engine.spec.definition import Definition, define
from engine.spec.files import ScriptFiles, is_script
from engine.spec.folder import folder_defaults, unread_folder
from engine.spec.settle import told_by_default
from engine.spec.triggers import CheckCron
from schemas.settings import Settings

FORMAT = 4
"""Raised when the meaning of files changes without a change of the program's version."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A `folder.yaml` as the definer has read it."""

    problems: tuple[Problem, ...]
    value: Any
    """The definer's own."""


class Definer(Protocol):
    """Turns names and contents of files into definitions; pure: equal files, equal scripts."""

    @property
    def fingerprint(self) -> str:
        """Name everything beside the files that definitions depend on: version and defaults."""
        ...

    def is_script(self, name: str, files: Collection[str]) -> bool:
        """Tell whether a directory of this name with these files is a script."""
        ...

    def folder(self, folder: str, content: bytes) -> Folder:
        """Read the `folder.yaml` of a folder; the content is cut a byte after its bound."""
        ...

    def unread_folder(self, folder: str, problem: Problem) -> Folder:
        """Stand in for a `folder.yaml` that is there and cannot be read."""
        ...

    def define(self, files: ScriptFiles, folders: Sequence[Folder]) -> Definition:
        """Define a script by its files and the defaults of the folders above, outermost first."""
        ...

    def check(
        self, scripts: Mapping[ScriptId, Script | None], read_manifest: ReadManifest
    ) -> Mapping[ScriptId, tuple[Problem, ...]]:
        """Return the mistakes between scripts, such as a circle of `after` triggers."""
        ...


class SpecDefiner:
    """The definer of script.yaml and folder.yaml files."""

    def __init__(self, settings: Settings, check_cron: CheckCron, version: str) -> None:
        """Define with the defaults of `settings`; `version` is the program's."""
        self._settings = settings
        self._check_cron = check_cron
        said = (
            f"{FORMAT} {version} {settings.environments.allow_options} "
            f"{settings.defaults.model_dump_json()} {told_by_default(settings.notifications)}"
        )
        self.fingerprint = blake2b(said.encode(), digest_size=16).hexdigest()

    def is_script(self, name: str, files: Collection[str]) -> bool:
        return is_script(files, name)

    def folder(self, folder: str, content: bytes) -> Folder:
        defaults = folder_defaults(folder, content)
        return Folder(defaults.problems, defaults)

    def unread_folder(self, folder: str, problem: Problem) -> Folder:
        return Folder((problem,), unread_folder(folder, (problem,)))

    def define(self, files: ScriptFiles, folders: Sequence[Folder]) -> Definition:
        above = [folder.value for folder in folders]
        return define(files, above, self._settings, self._check_cron)

    def check(
        self, scripts: Mapping[ScriptId, Script | None], read_manifest: ReadManifest
    ) -> Mapping[ScriptId, tuple[Problem, ...]]:
        return check_tree(scripts, read_manifest)
