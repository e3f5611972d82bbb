"""Define a script: everything its directory and its folders say, checked and filled in.

Pure: the tree brings names and bytes, the schedule brings the check of cron
expressions. Either there is a definition or there are errors that say why not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from engine.model.environment import EnvironmentRequest
from engine.model.script import Script
from engine.model.tree import Problem, Severity
from engine.spec.build import build_script
from engine.spec.files import MANIFEST_FILE, ScriptFiles, check_script_name, default_main
from engine.spec.files import python_names as python_files
from engine.spec.folder import FolderDefaults
from engine.spec.needs import Needs, read_needs
from engine.spec.parse import Parsed, parse_script, tidy
from engine.spec.python_version import allows, choose_python
from engine.spec.rules import Layers, blame, contradictions, unheard
from engine.spec.settle import settle, told_by_default, written
from engine.spec.trigger_rules import check_triggers
from engine.spec.triggers import CheckCron
from schemas.manifest import ScriptManifest
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Definition:
    """What became of a script's files."""

    script: Script | None
    """None when there is an error."""
    problems: tuple[Problem, ...]
    """In the order of the text, file by file: errors, or else the warnings of the script's own
    files. A folder's warnings are told once, with the folder."""


def define(
    files: ScriptFiles,
    folders: Sequence[FolderDefaults],
    settings: Settings,
    check_cron: CheckCron,
) -> Definition:
    """Define one script; never raises for what is in its files.

    `folders` are those above the script that have a `folder.yaml`, the outermost first.
    """
    parsed = parse_script(files.path(MANIFEST_FILE), files.manifest or b"")
    own = written(parsed.manifest)
    values = settle(
        [
            told_by_default(settings.notifications),
            *(folder.values for folder in folders),
            own,
            dict.fromkeys(parsed.broken),
        ]
    )
    layers = [parsed.document, *(folder.document for folder in reversed(folders))]
    problems = [*parsed.problems, *(p for folder in folders for p in folder.problems)]
    name_problem = check_script_name(files.id)
    if name_problem:
        problems.append(name_problem)
    problems += contradictions(layers, own, values, parsed.trigger_indexes)
    triggers, mistakes = check_triggers(files.id, parsed, settings.defaults.timezone, check_cron)
    problems += mistakes
    request, mistakes = _environment(files, layers, parsed, values, settings)
    problems += mistakes
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        return Definition(None, tuple(tidy(errors)))
    main = values.get("main") or default_main(files.names, files.directory_name) or ""
    script = build_script(files, main, request, triggers, values, settings.defaults)
    warnings = [*parsed.problems, *unheard(parsed.document, own, values)]
    return Definition(script, tuple(tidy(warnings)))


def _environment(
    files: ScriptFiles,
    layers: Layers,
    parsed: Parsed[ScriptManifest],
    values: Mapping[str, Any],
    settings: Settings,
) -> tuple[EnvironmentRequest, list[Problem]]:
    main, problems = _main(files, layers, parsed, values)
    needs = (
        read_needs(files, main, allow_options=settings.environments.allow_options)
        if main
        else Needs()
    )
    problems += needs.problems
    own = parsed.manifest.python
    if own and needs.requires_python and not allows(needs.requires_python, own):
        message = (
            f"python: '{own}' is not allowed by requires-python '{needs.requires_python}' "
            f"in {PurePosixPath(main or '').name}; change one of the two"
        )
        problems.append(parsed.document.problem("contradiction", message, ("python",)))
    inherited = values.get("python") or settings.defaults.python
    python = choose_python(own, needs.requires_python, inherited)
    return _request(python, needs.requirements), problems


# Most scripts ask for one of a few environments.
_request = lru_cache(maxsize=4096)(EnvironmentRequest)


def _main(
    files: ScriptFiles,
    layers: Layers,
    parsed: Parsed[ScriptManifest],
    values: Mapping[str, Any],
) -> tuple[str | None, list[Problem]]:
    if "main" in parsed.broken:
        return None, []
    main: str | None = values.get("main")
    if main is None:
        main = default_main(files.names, files.directory_name)
        return main, [] if main else [_no_main(files, parsed)]
    exists = main in files.names if "/" not in main else files.main_source(main) is not None
    if exists:
        return main, []
    names = python_files(files.names)
    found = f"; there is {', '.join(names)}" if names else ""
    message = f"main: there is no file {main!r} in the script's directory{found}"
    return None, [blame(layers, "missing_main", message, ("main",))]


def _no_main(files: ScriptFiles, parsed: Parsed[ScriptManifest]) -> Problem:
    names = python_files(files.names)
    wanted = f"{files.directory_name}.py"
    if names:
        message = f"which of {', '.join(names)} is run? name it with 'main:', or call it {wanted}"
    else:
        message = f"there is no Python file to run; add {wanted}, or name one with 'main:'"
    return parsed.document.problem("missing_main", message)
