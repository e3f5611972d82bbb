# /// script
# requires-python = ">=3.9"
# dependencies = ["markdown-it-py>=3,<5"]
# ///
"""Render release notes from Markdown to HTML; the requirements stand in the file itself."""

import os
from pathlib import Path

from markdown_it import MarkdownIt

here = Path(__file__).parent
source = here / "NOTES.md"
target = Path(os.environ.get("PYSCHED_STATE_DIR", here)) / "notes.html"

page = MarkdownIt().render(source.read_text(encoding="utf-8"))
target.write_text(page, encoding="utf-8")
print(f"{source.name}: {len(page.splitlines())} lines of HTML written to {target}")
