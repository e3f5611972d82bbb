"""Warn of keys that are accepted, and checked, and do nothing in this version.

A manifest that is written for a later version stays valid; but who asks for something
must not find out by its absence that it is not there.
"""

from collections.abc import Iterator
from dataclasses import replace

from engine.document.place import Path
from engine.document.read import Document
from engine.model.tree import Problem, Severity
from schemas.manifest import FolderManifest, ScriptManifest

CODE = "no_effect"
DEFAULT_QUEUE = "default"

_QUEUE = "queue: accepted, but this version has no workers yet: every run happens on this machine"


def keys_without_effect(
    document: Document, manifest: ScriptManifest | FolderManifest
) -> Iterator[Problem]:
    """Yield a warning at each such key of one file; a key that switches something off is none."""
    if manifest.queue != DEFAULT_QUEUE:
        yield _warning(document, _QUEUE, ("queue",))


def _warning(document: Document, message: str, path: Path) -> Problem:
    problem = document.problem(CODE, message, path, at_key=True)
    return replace(problem, severity=Severity.WARNING)
