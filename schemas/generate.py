"""Write the JSON Schemas of the files that people edit, from their models.

`python -m schemas.generate` rewrites `schemas/json`; a test fails while a file
there differs from its model.
"""

import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from schemas.manifest import FolderManifest, ScriptManifest
from schemas.quantities import format_duration
from schemas.settings import SettingsFile

FILES: dict[str, tuple[type[BaseModel], str]] = {
    "script": (ScriptManifest, "script.yaml"),
    "folder": (FolderManifest, "folder.yaml"),
    "settings": (SettingsFile, "pysched.yaml"),
}
"""The names that `pysched schema` takes, with the model and the file each is for."""

DIRECTORY = Path(__file__).parent / "json"


class _Generator(GenerateJsonSchema):
    """Writes default durations the way the files write them."""

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


@cache
def schema_text(which: str) -> str:
    """Return a schema as it is written to a file. Raises KeyError for an unknown name."""
    return json.dumps(json_schema(which), indent=2, ensure_ascii=False) + "\n"


def json_schema(which: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `script`, `folder` or `settings`.

    Raises KeyError for another name.
    """
    model, file = FILES[which]
    schema = model.model_json_schema(schema_generator=_Generator, mode="validation")
    dialect = {"$schema": GenerateJsonSchema.schema_dialect}
    # Some editors look at nothing but the title when they name the schema in use.
    return dialect | schema | {"title": f"PyScheduler {file}"}


def main() -> None:
    """Write every schema to `schemas/json`."""
    DIRECTORY.mkdir(exist_ok=True)
    for which in FILES:
        (DIRECTORY / f"{which}.schema.json").write_text(schema_text(which), encoding="utf-8")


if __name__ == "__main__":
    main()
