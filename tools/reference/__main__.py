"""Write the generated parts of `docs/reference`: `python -m tools.reference`."""

from collections.abc import Mapping
from pathlib import Path

from tools.reference import commands, files, messages, metrics, routes
from tools.reference.blocks import write

PAGES = Path(__file__).parents[2] / "docs" / "reference"


def blocks() -> Mapping[str, str]:
    """Return every generated block by its name."""
    parts = (files, commands, routes, messages, metrics)
    return {name: text for part in parts for name, text in part.blocks().items()}


if __name__ == "__main__":
    write(PAGES, blocks())
