"""Small files that are read whole and replaced whole."""

import json
import logging
import os
from pathlib import Path
from secrets import token_hex
from typing import Any, cast

logger = logging.getLogger(__name__)


def write_file(path: Path, text: str) -> None:
    """Replace a file in one step, synced, readable by this account alone."""
    aside = path.with_name(f"{path.name}.{token_hex(4)}.tmp")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file; None when it is missing or is not one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        logger.warning("a file cannot be read", extra={"path": str(path), "error": str(error)})
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
