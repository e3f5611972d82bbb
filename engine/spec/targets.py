"""Find targets of notifications in a manifest that nothing can be sent to."""

from collections.abc import Iterator

from engine.document.read import Document
from engine.errors import InvalidInput
from engine.model.target import way_of
from engine.model.tree import Problem
from engine.spec.references import expand, secrets_in
from schemas.manifest import FolderManifest, ScriptManifest


def unusable_targets(
    document: Document, manifest: ScriptManifest | FolderManifest
) -> Iterator[Problem]:
    """Yield a mistake at each; one that a secret is part of is known when it is used."""
    targets = manifest.notify.to if manifest.notify is not None else None
    for index, target in enumerate(targets or ()):
        if secrets_in((target,)):
            continue
        try:
            way_of(expand(target, {}, where="notify"))
        except InvalidInput as error:
            yield document.problem("invalid_target", f"notify: {error}", ("notify", "to", index))
