"""Create a script directory, as `pysched new "Hello World"` and the API do.

The directory appears whole or not at all: its files are written beside it and it
is renamed into place, so that no scan ever sees half of a script.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from engine.errors import InvalidInput, UnsafeTree
from engine.model.identity import ScriptId, safe_name
from engine.spec.files import check_name
from engine.spec.template import new_script_files
from engine.tree.ignore import is_ignored_directory
from engine.tree.staging import NOT_ASIDE, STAGING, passing_name, staging

Template = Callable[[str, str], Mapping[str, str]]
"""Takes a script's id and display name; gives file contents by path from the tree's root."""


def create_script(
    root: Path, display_name: str, folder: str = "", template: Template = new_script_files
) -> ScriptId:
    """Create a script in a folder of the tree, the folder too if need be; returns its id.

    A name that is taken gets `-2`, `-3`, …. Files of the template outside the new
    directory, such as the schemas that it refers to, are brought up to date.
    Raises InvalidInput for a name or folder that cannot be used, UnsafeTree when
    the tree cannot be written to.
    """
    folder = checked_folder(folder)
    try:
        while True:
            name = safe_name(display_name, taken=_names_in(real_folder(root, folder)))
            script = ScriptId(f"{folder}/{name}" if folder else name)
            if place_script(root, script, template(script, display_name)):
                break
    except OSError as error:
        raise UnsafeTree(
            f"{root}: the script cannot be written: {error.strerror or error}. "
            "Check the permissions and the space of the scripts directory"
        ) from error
    return script


def place_script(root: Path, script: ScriptId, files: Mapping[str, str]) -> bool:
    """Create the directory of a script with its files; False when its name is taken.

    Raises InvalidInput when its folder is none, and OSError.
    """
    folder, _, name = script.rpartition("/")
    if name.lower() in _names_in(real_folder(root, folder)):
        return False
    if not _place(root, script, files):
        return False
    write_shared(root, script, files)
    return True


def checked_folder(folder: str) -> str:
    """Return a folder's path in its one form. Raises InvalidInput."""
    parts = [part for part in folder.strip("/").split("/") if part]
    for part in parts:
        if part == ".." or is_ignored_directory(part) or check_name(part) is not None:
            raise InvalidInput(
                f"folder {folder!r}: {part!r} cannot be used as a folder's name. Use letters, "
                "digits, '-', '_' and '.', without '.' or '_' at the start"
            )
    return "/".join(parts)


def real_folder(root: Path, folder: str) -> Path:
    """Create the folder where it is missing, and make sure that it is one."""
    real = Path(os.path.realpath(root))
    place = real
    for part in PurePosixPath(folder).parts:
        place = place / part
        place.mkdir(exist_ok=True)
        if place.is_symlink():
            raise InvalidInput(f"folder {folder!r}: {part!r} is a link; name its target instead")
    return place


def _names_in(directory: Path) -> frozenset[str]:
    # Without regard to case, so that the name is free on every system the tree is cloned to.
    return frozenset(path.name.lower() for path in directory.iterdir())


def _place(root: Path, script: ScriptId, files: Mapping[str, str]) -> bool:
    """Write the directory aside and rename it into its place; False if that is taken."""
    try:
        with staging(root):
            return _rename_into(root, script, files, root / STAGING / passing_name())
    except OSError as error:
        if error.errno not in NOT_ASIDE:
            raise
        beside = (root / script).with_name(passing_name())
        return _rename_into(root, script, files, beside)


def _rename_into(root: Path, script: ScriptId, files: Mapping[str, str], aside: Path) -> bool:
    target = root / script
    try:
        aside.mkdir()
        for path, content in files.items():
            if PurePosixPath(path).is_relative_to(script):
                file = aside / PurePosixPath(path).relative_to(script)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8", newline="")
        # Between two that create the same name only one wins: nothing is ever renamed over
        # a file or a directory with files in it.
        aside.rename(target)
    except OSError:
        if not target.exists():
            raise
        return False
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return True


def write_shared(root: Path, own: str, files: Mapping[str, str]) -> None:
    """Bring the files up to date that are not below `own`. Raises OSError."""
    for path, content in files.items():
        file = root / path
        if PurePosixPath(path).is_relative_to(own) or _has(file, content):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(passing_name())
        try:
            beside.write_text(content, encoding="utf-8")
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)


def _has(file: Path, content: str) -> bool:
    return file.is_file() and file.read_bytes() == content.encode()
