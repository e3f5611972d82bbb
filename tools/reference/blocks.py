"""Put generated text between the marks of a page, and find pages that are not current."""

import re
from collections.abc import Mapping
from pathlib import Path

_BLOCK = re.compile(
    r"^<!-- generated: (?P<name>[a-z-]+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL
)


def filled(page: str, blocks: Mapping[str, str]) -> str:
    """Return the page with every marked block made anew. Raises KeyError for an unknown name."""

    def block(found: re.Match[str]) -> str:
        name = found["name"]
        return f"<!-- generated: {name} -->\n\n{blocks[name].strip()}\n\n<!-- end -->"

    return _BLOCK.sub(block, page)


def names(page: str) -> list[str]:
    """Return the names of the page's blocks."""
    return [found["name"] for found in _BLOCK.finditer(page)]


def outdated(directory: Path, blocks: Mapping[str, str]) -> list[Path]:
    """Return the pages that `write` would change."""
    return [page for page in sorted(directory.glob("*.md")) if _new(page, blocks) is not None]


def write(directory: Path, blocks: Mapping[str, str]) -> None:
    """Rewrite the pages whose blocks differ from the code."""
    for page in outdated(directory, blocks):
        page.write_text(_new(page, blocks) or "", encoding="utf-8")


def _new(page: Path, blocks: Mapping[str, str]) -> str | None:
    text = page.read_text(encoding="utf-8")
    new = filled(text, blocks)
    return None if new == text else new
