"""Folders: the defaults they give to the scripts below, and what in them is neither.

The content of every `folder.yaml` above a script is part of the script's
signature, so that a changed default defines anew all scripts below it.
"""

from dataclasses import dataclass, replace
from hashlib import blake2b

from engine.model.tree import UNREADABLE, Problem, Severity
from engine.spec.files import check_name, impossible_names
from engine.spec.folder import FOLDER_FILE
from engine.tree.definer import Definer, Folder
from engine.tree.ignore import case_collisions, printable
from engine.tree.links import LinkKind, follow, link_problem
from engine.tree.places import join
from engine.tree.reading import read_bounded
from engine.tree.survey import Listing

LARGEST = 64 * 1024
"""Bytes of a `folder.yaml` (spec.md §2, bounds of manifests)."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The folders from the root down to one, as far as they have defaults."""

    folders: tuple[Folder, ...]
    salt: bytes
    """Changes with the content of any of them."""

    def below(self, folder: Folder, content: bytes) -> "Chain":
        salt = blake2b(content, key=self.salt, digest_size=32).digest()
        return Chain((*self.folders, folder), salt)


def outermost_chain(definer: Definer) -> Chain:
    """Return the chain above the root: only what the definer itself depends on."""
    return Chain((), blake2b(definer.fingerprint.encode(), digest_size=32).digest())


def extend(chain: Chain, place: str, directory: str, definer: Definer) -> Chain:
    """Return the chain at a folder; unchanged where it has no `folder.yaml`."""
    path = join(place, FOLDER_FILE)
    try:
        content = read_bounded(f"{directory}/{FOLDER_FILE}", LARGEST)
    except FileNotFoundError:
        return chain
    except OSError as error:
        return chain.below(definer.unread_folder(place, unreadable(path, error)), b"?")
    return chain.below(definer.folder(place, content), content)


def folder_problems(place: str, listing: Listing, root: str) -> tuple[Problem, ...]:
    """Report the names in a folder that cannot be scripts and the links not followed."""
    found = [_unportable(place, name) for name in impossible_names(listing.directories)]
    for name in listing.links:
        kind = follow(f"{listing.path}/{name}", root).kind
        if kind is not LinkKind.FILE:
            found.append(link_problem(printable(join(place, name)), kind, needed=False))
    found += [_collision(place, group) for group in case_collisions(listing.directories)]
    return tuple(sorted((p for p in found if p is not None), key=lambda p: (p.path, p.code)))


def unreadable(path: str, error: OSError) -> Problem:
    return Problem(
        path=printable(path),
        code=UNREADABLE,
        message=f"cannot be read: {error.strerror or error}; mend its permissions or remove it",
    )


def _unportable(place: str, name: str) -> Problem | None:
    problem = check_name(join(place, name))
    return problem and replace(problem, path=printable(problem.path))


def _collision(place: str, names: tuple[str, ...]) -> Problem:
    return Problem(
        path=printable(join(place, names[0])),
        severity=Severity.WARNING,
        code="case_collision",
        message=f"on macOS and Windows this is the same name as {printable(', '.join(names[1:]))}; "
        "rename one of them",
    )
