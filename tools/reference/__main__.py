"""Write the generated parts of `docs/reference`: `python -m tools.reference`."""

from collections.abc import Mapping
from pathlib import Path

from tools.reference import commands, files, messages, routes
from tools.reference.blocks import write

PAGES = Path(__file__).parents[2] / "docs" / "reference"


def blocks() -> Mapping[str, str]:
    """Return every generated block by its name."""
    return {**files.blocks(), **commands.blocks(), **routes.blocks(), **messages.blocks()}


if __name__ == "__main__":
    write(PAGES, blocks())
