"""Script directories as the tree hands them to `engine.spec`, without a disk."""

from collections.abc import Mapping

from engine.model.identity import ScriptId
from engine.spec.definition import Definition, define
from engine.spec.files import ScriptFiles
from engine.spec.folder import folder_defaults
from schemas.settings import Settings


def any_cron(expression: str, timezone: str) -> str | None:
    """Stand in for the schedule's check: everything but the word `never` is fine."""
    return "it never fires" if "never" in expression else None


def script_files(
    manifest: str | bytes | None = None,
    *,
    script: str = "etl/load",
    files: Mapping[str, str] | None = None,
) -> ScriptFiles:
    """Return the files of a script with a main file, beside what is given."""
    texts = {f"{script.rsplit('/', 1)[-1]}.py": ""} if files is None else dict(files)
    source = manifest.encode() if isinstance(manifest, str) else manifest
    requirements = texts.get("requirements.txt")

    def main_source(path: str) -> bytes | None:
        text = texts.get(path)
        return None if text is None else text.encode()

    return ScriptFiles(
        id=ScriptId(script),
        names=frozenset(name for name in texts if "/" not in name),
        manifest=source,
        requirements=None if requirements is None else requirements.encode(),
        main_source=main_source,
    )


def defined(
    manifest: str | bytes | None = None,
    *,
    folders: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    script: str = "etl/load",
    files: Mapping[str, str] | None = None,
) -> Definition:
    """Define a script; `folders` are texts of `folder.yaml` by folder, the outermost first."""
    defaults = [folder_defaults(path, text.encode()) for path, text in (folders or {}).items()]
    found = script_files(manifest, script=script, files=files)
    return define(found, defaults, settings or Settings(), any_cron)
