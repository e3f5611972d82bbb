"""The `.venv` in a script's directory: a link by which an editor finds its interpreter.

Runs never go through it: a process that was started through a link which is then
switched imports late modules from the new environment. Whatever a person has put
there, a directory or a link to elsewhere, is left alone.
"""

from pathlib import Path
from secrets import token_hex

NAME = ".venv"


def point_link(script: Path, environment: Path, *, envs: Path) -> bool:
    """Let the script's `.venv` point to its environment; returns whether it does now.

    `envs` is the directory of all environments, by which our own links are known.
    Raises OSError when the script's directory cannot be written.
    """
    link = script / NAME
    if not _is_ours_or_missing(link, envs):
        return False
    if link.is_symlink() and link.readlink() == environment:
        return True
    # The name starts with a dot, so that the tree does not look at it.
    aside = script / f"{NAME}.{token_hex(4)}"
    aside.symlink_to(environment, target_is_directory=True)
    try:
        aside.replace(link)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    return True


def remove_link(script: Path, *, envs: Path) -> None:
    """Remove the script's `.venv` if it is a link of ours."""
    link = script / NAME
    if link.is_symlink() and _is_ours_or_missing(link, envs):
        link.unlink(missing_ok=True)


def _is_ours_or_missing(link: Path, envs: Path) -> bool:
    try:
        target = link.readlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # Not a link.
    return target.parent == envs
