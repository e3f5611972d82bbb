"""One script directory: take its last entry if nothing changed, else read and define it anew."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass

from engine.model.identity import ScriptId
from engine.model.tree import Entry, Problem, Severity
from engine.spec.definition import Definition
from engine.spec.files import MAIN_FILE, MANIFEST_FILE, REQUIREMENTS_FILE, ScriptFiles
from engine.tree.contents import Contents
from engine.tree.definer import Definer
from engine.tree.folder import Chain, unreadable
from engine.tree.ignore import printable
from engine.tree.links import link_problem
from engine.tree.survey import MOST_FILES, Listing, Survey, list_directory, survey

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
"""How often a directory is read again because files vanished under the reader."""


@dataclass(frozen=True, slots=True)
class Look:
    """What looking at a script directory gave."""

    entry: Entry
    changed_ns: int | None
    """The last change of its files or of their names; None when nothing was read."""
    linked: bool
    """There are links among its files."""
    empty: bool = False
    """A file that was read and that defines the script is empty."""


def look_at(
    script: ScriptId,
    listing: Listing,
    chain: Chain,
    definer: Definer,
    *,
    root: str,
    known: Entry | None,
) -> Look:
    """Return the entry of the script directory in `listing`, in the tree at `root`.

    `known` is the entry to keep if no file changed since; None has it read in any case.
    """
    seen = survey(listing, root)
    signature = seen.signature(chain.salt)
    if known is not None and known.signature == signature:
        return Look(known, None, seen.linked)
    contents = Contents(seen.files)
    for _ in range(_ATTEMPTS):
        if not contents.vanished:
            break
        # An editor or a checkout is replacing files at this moment.
        seen = survey(list_directory(listing.path), root)
        signature, contents = seen.signature(chain.salt), Contents(seen.files)
    # A file may have been emptied after its stamp was taken, and be about to be written.
    changed = max(seen.newest_ns, contents.newest_ns, os.lstat(listing.path).st_ctime_ns)
    entry = _define(script, signature, seen, contents, (chain, definer))
    return Look(entry, changed, seen.linked, _has_empty(contents))


def _has_empty(contents: Contents) -> bool:
    return any(contents.defining(name) == b"" for name in (MANIFEST_FILE, REQUIREMENTS_FILE))


def _define(
    script: ScriptId,
    signature: str,
    seen: Survey,
    contents: Contents,
    by: tuple[Chain, Definer],
) -> Entry:
    chain, definer = by
    files = ScriptFiles(
        id=script,
        names=frozenset(name for name in seen.files if "/" not in name),
        manifest=contents.defining(MANIFEST_FILE),
        requirements=contents.defining(REQUIREMENTS_FILE),
        main_source=contents.source,
    )
    defined = _defined(files, chain, definer)
    problems = (*_problems(script, seen, contents), *defined.problems)
    broken = any(problem.severity is Severity.ERROR for problem in problems)
    return Entry(
        id=script,
        signature=signature,
        digest=contents.digest,
        script=None if broken else defined.script,
        problems=problems,
    )


def _defined(files: ScriptFiles, chain: Chain, definer: Definer) -> Definition:
    """Define a script; a mistake of this program that one script meets is that script's alone."""
    try:
        return definer.define(files, chain.folders)
    except Exception as error:
        logger.exception("a script cannot be defined", extra={"script_id": files.id})
        problem = Problem(
            path=printable(files.id),
            code="internal_error",
            message=f"PyScheduler cannot read this script ({type(error).__name__}: {error}); "
            "please report it with the script's files",
        )
        return Definition(None, (problem,))


def _problems(script: ScriptId, seen: Survey, contents: Contents) -> Iterator[Problem]:
    """Report what is wrong with the directory itself, whatever its files say."""
    needed = _needed(script)
    for link in seen.links:
        # A link to a directory inside the tree is the script's own affair.
        if link.kind != "directory" or link.path in needed:
            problem = link_problem(
                printable(f"{script}/{link.path}"), link.kind, needed=link.path in needed
            )
            if problem is not None:
                yield problem
    for name in sorted(needed.intersection(seen.others)):
        yield Problem(
            path=f"{script}/{name}",
            code="not_a_file",
            message="is a directory, FIFO, socket or device and is not read; "
            "put a regular file here",
        )
    yield from _unread(script, seen, contents)


def _unread(script: ScriptId, seen: Survey, contents: Contents) -> Iterator[Problem]:
    for path, why in sorted(contents.unreadable.items()):
        yield unreadable(f"{script}/{path}", OSError(0, why))
    for path in sorted(seen.unreadable):
        yield unreadable(f"{script}/{path}", OSError(0, "this directory refuses to be listed"))
    if seen.cut:
        yield Problem(
            path=script,
            severity=Severity.WARNING,
            code="too_many_files",
            message=f"has more than {MOST_FILES} files; changes to the rest are not noticed: "
            "move data out of the script's directory",
        )


def _needed(script: ScriptId) -> frozenset[str]:
    """Return the names whose files decide what the script is."""
    return frozenset(
        {MANIFEST_FILE, REQUIREMENTS_FILE, MAIN_FILE, f"{script.rpartition('/')[2]}.py"}
    )
