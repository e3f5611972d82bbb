"""Tell of the folders: what they say to the scripts below, and how many those are.

What a `folder.yaml` says is read when it is asked for; what is wrong with it is what the
last scan found, as everywhere else.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from engine.model.identity import ScriptId
from engine.model.status import FolderReport
from engine.model.tree import Problem, Tree
from engine.spec.build import title
from engine.spec.folder import FOLDER_FILE
from engine.spec.parse import parse_folder
from engine.tree.folder import LARGEST
from engine.tree.reading import read_bounded

_OF_THE_FOLDER = ("name", "description")
"""Keys that are not inherited."""


def folder_reports(root: Path, tree: Tree, scripts: Collection[ScriptId]) -> list[FolderReport]:
    """Return all folders in order of path; the root, whose path is empty, if it says anything.

    Reads every `folder.yaml`, so it is to be called from a thread.
    """
    direct = Counter(_parent(script) for script in scripts)
    below = Counter(folder for script in scripts for folder in _above(script))
    problems = problems_by_folder(tree)
    found: list[FolderReport] = []
    for path in ("", *tree.folders):
        said = _said(root, path)
        if said is None and not path:
            continue
        words = said or {}
        found.append(
            FolderReport(
                path=path,
                name=str(words.get("name") or title(path.rpartition("/")[2])),
                description=str(words.get("description") or ""),
                defaults={k: v for k, v in words.items() if k not in _OF_THE_FOLDER},
                scripts=direct[path],
                scripts_below=below[path],
                problems=tuple(problems.get(path, ())),
            )
        )
    return found


def problems_by_folder(tree: Tree) -> Mapping[str, Sequence[Problem]]:
    """Return the problems of no one script by the folder they are in, or are about."""
    folders = set(tree.folders)
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in tree.problems:
        folder = problem.path if problem.path in folders else _parent(problem.path)
        found[folder].append(problem)
    return found


def _said(root: Path, folder: str) -> Mapping[str, Any] | None:
    """Return the valid keys of a `folder.yaml` as they are written; None where there is none."""
    path = PurePosixPath(folder) / FOLDER_FILE
    try:
        content = read_bounded(str(root / path), LARGEST)
    except OSError:
        # Why, if it is there, is among the problems that the scan found.
        return None
    parsed = parse_folder(str(path), content)
    return {
        key: value
        for key, value in parsed.document.data.items()
        if key in parsed.manifest.model_fields_set
    }


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _above(script: str) -> list[str]:
    """Return the folders above a script, the root among them."""
    found = [_parent(script)]
    while found[-1]:
        found.append(_parent(found[-1]))
    return found
