"""What `pysched new` writes: a script that runs, and a manifest that editors understand.

The JSON Schemas are written into the tree itself, in a directory that is not
looked into: they work without a network, in every clone, and match the version
of the program that wrote them.
"""

from pathlib import PurePosixPath

from engine.spec.build import title
from engine.spec.files import MANIFEST_FILE
from engine.spec.folder import FOLDER_FILE
from schemas.generate import schema_text

SCHEMA_DIRECTORY = ".pysched"


def schema_files() -> dict[str, str]:
    """Return the schemas of the tree's files, by path from the tree's root."""
    return {
        f"{SCHEMA_DIRECTORY}/{which}.schema.json": schema_text(which)
        for which in ("script", "folder")
    }


def new_script_files(script: str, display_name: str) -> dict[str, str]:
    """Return the files of a new script, by path from the tree's root, schemas included.

    `script` is its id, made by `safe_name`; `display_name` is what the user typed.
    """
    directory = PurePosixPath(script)
    main = f"{directory.name}.py"
    return {
        f"{directory}/{main}": _main(display_name),
        f"{directory}/{MANIFEST_FILE}": _manifest(directory, main, display_name),
        **schema_files(),
    }


def new_folder_file(folder: str) -> dict[str, str]:
    """Return the `folder.yaml` of a new folder, by path from the tree's root, schemas included."""
    directory = PurePosixPath(folder)
    text = (
        f"{schema_line(directory, 'folder')}\n"
        f"name: {_quoted(title(directory.name))}\n"
        "# Defaults of all scripts below, with the keys of script.yaml; for example:\n"
        "# limits:\n"
        "#   timeout: 10m\n"
    )
    return {f"{directory}/{FOLDER_FILE}": text, **schema_files()}


def schema_line(directory: str | PurePosixPath, which: str = "script") -> str:
    """Return the first line of a manifest in a directory of the tree, for editors."""
    up = "../" * len(PurePosixPath(directory).parts)
    return f"# yaml-language-server: $schema={up}{SCHEMA_DIRECTORY}/{which}.schema.json"


def _manifest(directory: PurePosixPath, main: str, display_name: str) -> str:
    return (
        f"{schema_line(directory, 'script')}\n"
        f"name: {_quoted(display_name)}\n"
        f"main: {main}\n"
        "# Without a trigger the script is run by hand. Choose one or more:\n"
        "# triggers:\n"
        '#   - cron: "0 9 * * mon-fri"   # a timezone: may be added\n'
        "#   - every: 10m\n"
        "#   - after: folder/other-script\n"
        "#   - files: inbox/*.csv\n"
        "limits:\n"
        "  timeout: 10m\n"
    )


def _main(display_name: str) -> str:
    greeting = f"Hello from {display_name}"
    return f'"""{_docstring(display_name)}"""\n\nprint({greeting!r})\n'


def _docstring(display_name: str) -> str:
    return " ".join(display_name.split()).replace("\\", "/").replace('"', "'")


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar that is text in every reader."""
    one_line = "".join(char if char.isprintable() else " " for char in text).strip()
    escaped = one_line.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
