"""Defaults that a `folder.yaml` gives to all scripts below it.

A script whose folder holds a mistake keeps its last good definition, as if the
mistake were its own: what it would inherit is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from engine.document.read import Document
from engine.model.tree import Problem
from engine.spec.parse import parse_folder, tidy
from engine.spec.rules import contradictions_of_overlap
from engine.spec.settle import written

FOLDER_FILE = "folder.yaml"


@dataclass(frozen=True, slots=True)
class FolderDefaults:
    """What one folder says."""

    path: str
    """Of the folder, from the tree's root; empty for the root itself."""
    document: Document
    values: Mapping[str, Any]
    """The keys that were written, sections as mappings of theirs."""
    problems: tuple[Problem, ...]


def unread_folder(folder: str, problems: tuple[Problem, ...]) -> FolderDefaults:
    """Return the defaults of a folder whose `folder.yaml` is there and cannot be read."""
    return FolderDefaults(
        folder, Document(str(PurePosixPath(folder) / FOLDER_FILE), b""), {}, problems
    )


def folder_defaults(folder: str, source: bytes) -> FolderDefaults:
    """Read the `folder.yaml` of a folder, given by its path from the tree's root."""
    parsed = parse_folder(str(PurePosixPath(folder) / FOLDER_FILE), source)
    values = written(parsed.manifest)
    # These two describe the folder, not the scripts in it.
    for key in ("name", "description"):
        values.pop(key, None)
    contradictory = contradictions_of_overlap(parsed.document, values, values.get("overlap"))
    problems = tidy([*parsed.problems, *contradictory])
    return FolderDefaults(folder, parsed.document, values, tuple(problems))
