"""Mistakes between scripts, which no script's own files show: they change with any other's.

They are added to the tree after each scan and never kept, so that a scan of a
few scripts gives the same as a scan of all.
"""

from dataclasses import replace
from hashlib import blake2b

from engine.model.identity import ScriptId
from engine.model.tree import Entry, Problem, Tree
from engine.spec.files import MANIFEST_FILE
from engine.tree.contents import DEFINING
from engine.tree.definer import Definer
from engine.tree.reading import read_bounded


def with_mistakes_between(tree: Tree, root: str, definer: Definer) -> Tree:
    """Return the tree in which scripts with a mistake towards others have no definition."""

    def read_manifest(script: ScriptId) -> bytes | None:
        try:
            return read_bounded(f"{root}/{script}/{MANIFEST_FILE}", DEFINING[MANIFEST_FILE])
        except OSError:
            return None

    scripts = {script: entry.script for script, entry in tree.entries.items()}
    found = definer.check(scripts, read_manifest)
    if not found:
        return tree
    entries = {
        script: _spoilt(entry, found[script]) if script in found else entry
        for script, entry in tree.entries.items()
    }
    return replace(tree, entries=entries)


def _spoilt(entry: Entry, problems: tuple[Problem, ...]) -> Entry:
    # The signature tells the loop that the entry is another one, although its files are not.
    said = entry.signature + "".join(map(str, problems))
    return replace(
        entry,
        signature=blake2b(said.encode(), digest_size=16).hexdigest(),
        script=None,
        problems=(*entry.problems, *problems),
    )
