"""Warn of scripts that refer to secrets which they cannot have: the next run would fail.

What is granted changes without the files, so this is no mistake of a definition: it is
looked up whenever somebody asks how a script is, and a script without references costs a
glance. The place in the file is looked for then, too, which only those with a mistake pay.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from engine.model.plan import Plan
from engine.model.script import Script
from engine.model.secret import Secret, why_not
from engine.model.tree import Problem, Severity, Tree
from engine.spec.files import MANIFEST_FILE
from engine.spec.folder import FOLDER_FILE
from engine.spec.references import secrets_in

CODE = "unknown_secret"

KnownSecrets = Callable[[], Iterable[Secret]]


class Ungranted:
    """Finds references that lead nowhere; reads the secrets once, when the first one is met."""

    def __init__(self, root: Path, secrets: KnownSecrets) -> None:
        self._root = root
        self._secrets = secrets
        self._known: Mapping[str, Secret] | None = None

    def of(self, script: Script | None) -> tuple[Problem, ...]:
        """Return a warning for each secret that the script cannot have."""
        names = references(script) if script is not None else ()
        return tuple(self._problems(script.id, names)) if script is not None and names else ()

    def of_all(self, scripts: Iterable[Script | None]) -> tuple[Problem, ...]:
        """Return those of many scripts."""
        return tuple(problem for script in scripts for problem in self.of(script))

    def _problems(self, script: str, names: Collection[str]) -> Iterator[Problem]:
        if self._known is None:
            self._known = {secret.name: secret for secret in self._secrets()}
        for name in names:
            reason = why_not(script, name, self._known.get(name))
            if reason:
                path, line, column = _place(self._root, script, name)
                yield Problem(
                    path=path,
                    line=line,
                    column=column,
                    severity=Severity.WARNING,
                    code=CODE,
                    message=f"{reason}; until then every run fails at its start",
                )


def warned(plan: Plan, tree: Tree, ungranted: Ungranted) -> Plan:
    """Return a plan that also tells of the secrets which the scripts of its tree cannot have."""
    found = ungranted.of_all(entry.script for entry in tree.entries.values())
    return replace(plan, problems=(*plan.problems, *found)) if found else plan


def references(script: Script) -> tuple[str, ...]:
    """Return the names of all secrets that a script refers to."""
    values = [value for _, value in script.env]
    values += [value for trigger in script.triggers for _, value in trigger.env]
    if script.notify is not None:
        values += script.notify.to
    return tuple(secrets_in(values))


def _place(root: Path, script: str, name: str) -> tuple[str, int, int]:
    """Return file, line and column of a reference: the script's own, else its nearest folder's."""
    directory = PurePosixPath(script)
    files = [directory / MANIFEST_FILE, *(above / FOLDER_FILE for above in directory.parents)]
    reference = f"${{secret:{name}}}"
    for file in files:
        try:
            text = (root / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if reference in line and not line.lstrip().startswith("#"):
                return str(file), number, line.index(reference) + 1
    return str(files[0]), 1, 1
