"""What a page points to exists."""

import re
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, pages, text_of

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PLACE = re.compile(r"`((?:engine|web|schemas|tools|tests|docs|examples|benchmarks)/[\w./-]*)`")

WRITTEN_BY_COMMANDS = {"benchmarks/results.json"}
"""Files that a page may name although a checkout does not have them."""


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=str)
def test_every_link_leads_somewhere(page):
    broken = []
    for target in LINK.findall(prose(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page.parent / path).resolve() if path else ROOT / page
        is_there = file.exists() and file.is_relative_to(ROOT)
        if not is_there or (anchor and anchor not in anchors(file.read_text())):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("page", pages(), ids=str)
def test_every_file_that_is_named_exists(page):
    named = set(PLACE.findall(text_of(page))) - WRITTEN_BY_COMMANDS

    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_page_is_reached_from_the_first_one():
    reached: set[Path] = set()
    waiting = [Path("README.md")]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        for target in LINK.findall(prose(page)):
            if "://" not in target:
                found = (ROOT / page.parent / target.partition("#")[0]).resolve()
                directory = found.glob("*.md") if found.is_dir() else [found]
                waiting += [each.relative_to(ROOT) for each in directory]

    assert set(pages()) - reached == set()
