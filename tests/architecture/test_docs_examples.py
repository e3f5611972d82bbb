"""What a page shows works: its YAML is valid, its commands and options exist."""

import re
import shlex

import pytest

from engine.config import load_settings
from engine.schedule.cron import check
from engine.spec.definition import define
from engine.spec.files import ScriptFiles
from engine.spec.parse import parse_folder
from schemas.settings import Settings
from tests.architecture.repository import ROOT, code_blocks, pages, text_of
from tools.reference.commands import commands, options

MANIFESTS = ("script.yaml", "folder.yaml", "pysched.yaml")
OTHER_FILES = (".github/",)
GLOBAL_OPTIONS = {"--help", "-h", "--version", "--install-completion", "COMMAND"}


def yaml_blocks() -> list[tuple[str, str, str]]:
    """Return page, kind of file and text of each YAML block; its first comment names the file."""
    return [
        (str(page), kind_of(text), text) for page in pages() for text in code_blocks(page, "yaml")
    ]


def kind_of(text: str) -> str:
    first = text.splitlines()[0]
    if first.startswith("# yaml-language-server") or not first.startswith("# "):
        return "script.yaml"
    name = first.removeprefix("# ")
    return next((kind for kind in MANIFESTS if name.endswith(kind)), name)


BLOCKS = yaml_blocks()


def of_kind(kind: str) -> list[object]:
    return [pytest.param(text, id=page) for page, found, text in BLOCKS if found == kind]


def test_every_yaml_block_is_of_a_known_file():
    kinds = {kind for _, kind, _ in BLOCKS}

    assert {kind for kind in kinds if not kind.startswith(OTHER_FILES)} == set(MANIFESTS)


@pytest.mark.parametrize("text", of_kind("script.yaml"))
def test_every_manifest_is_valid(text):
    main = re.search(r"^main: (\S+)", text, re.MULTILINE)
    name = main[1] if main else "main.py"
    files = ScriptFiles(
        id="docs/example",
        names=frozenset({name}),
        manifest=text.encode(),
        requirements=None,
        main_source=lambda _: b"",
    )

    assert list(map(str, define(files, [], Settings(), check).problems)) == []


@pytest.mark.parametrize("text", of_kind("folder.yaml"))
def test_every_folder_file_is_valid(text):
    assert parse_folder("folder.yaml", text.encode()).problems == []


@pytest.mark.parametrize("text", of_kind("pysched.yaml"))
def test_every_settings_file_is_valid(text, tmp_path):
    (tmp_path / "pysched.yaml").write_text(text)

    assert load_settings(environ={}, directory=tmp_path)


def shell_lines() -> list[tuple[str, list[str]]]:
    """Return page and words of each call of pysched, in blocks and in the prose."""
    found = []
    for page in pages():
        lines = [
            line.lstrip("$# ")
            for block in code_blocks(page, "", "sh", "ini", "yaml")
            for line in block.splitlines()
        ]
        lines += re.findall(r"`(pysched [^`]+)`", text_of(page))
        for line in lines:
            # There `pysched` is the name of an account.
            line = re.sub(r"(sudo -u|useradd .*) pysched", "", line)
            call = re.search(r"(?:^|[\s/])pysched ([a-z-].*)$", line.split("  #")[0].strip())
            if call and not line.startswith("PyScheduler"):
                found.append((str(page), words(call[1])))
    return found


def words(text: str) -> list[str]:
    try:
        return shlex.split(text.rstrip("'"))
    except ValueError:
        return text.split()


def test_commands_are_found_in_the_pages():
    assert len(shell_lines()) > 40


@pytest.mark.parametrize(("page", "call"), shell_lines())
def test_every_command_that_is_shown_exists_with_its_options(page, call):
    name, *rest = call
    if name in GLOBAL_OPTIONS:
        return
    if rest and f"{name} {rest[0]}" in commands():
        name = f"{name} {rest.pop(0)}"
    assert name in commands(), page
    given = rest[: rest.index("--")] if "--" in rest else rest
    used = {word.partition("=")[0] for word in given if re.match(r"--?[a-z]", word)}
    assert used <= set(options(commands()[name])) | GLOBAL_OPTIONS


@pytest.mark.parametrize("page", pages(), ids=str)
def test_every_verb_of_dev_that_is_shown_exists(page):
    known = re.findall(r"^    ([a-z]+)\)", (ROOT / "dev").read_text(), re.MULTILINE)
    shown = re.findall(r"\./dev ([a-z]+)", text_of(page))

    assert set(shown) <= set(known) | {"alone"}


def test_the_help_of_dev_tells_every_verb():
    text = (ROOT / "dev").read_text()
    told = re.findall(r"^  ([a-z]+) {2,}\S", text, re.MULTILINE)
    known = re.findall(r"^    ([a-z]+)\) ?", text, re.MULTILINE)

    assert sorted(told) == sorted(known)


@pytest.mark.parametrize("page", [page for page in pages() if code_blocks(page, "python")], ids=str)
def test_every_python_block_can_be_compiled(page):
    for block in code_blocks(page, "python"):
        compile(block, str(page), "exec")
