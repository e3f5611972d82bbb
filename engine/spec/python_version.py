"""Choose what is asked of Python: a version from the manifests, or what PEP 723 allows."""

from functools import lru_cache

from packaging.specifiers import SpecifierSet


@lru_cache(maxsize=1024)
def allows(requires_python: str, version: str) -> bool:
    """Return whether a specifier such as `>=3.10` allows a version such as `3.12`.

    `3.12` stands for its newest patch release, so `>=3.12.4` allows it.
    """
    specifiers = SpecifierSet(requires_python)
    newest = version if version.count(".") > 1 else f"{version}.999"
    return specifiers.contains(version, prereleases=True) or specifiers.contains(newest)


def choose_python(
    own: str | None, requires_python: str | None, inherited: str | None
) -> str | None:
    """Return a version, a specifier, or None for the server's own.

    What the script says counts first; a folder's or the server's default only
    within what the script's inline metadata allows.
    """
    if own is not None or requires_python is None:
        return own or inherited
    if inherited is not None and allows(requires_python, inherited):
        return inherited
    return requires_python
