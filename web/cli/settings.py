"""From command-line options to the settings in force."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.settings import Settings


def settings_for(
    tree: Path | None = None,
    data: Path | None = None,
    *,
    host: str | None = None,
    port: int | None = None,
    on_stop: str | None = None,
    log_format: str | None = None,
) -> "Settings":
    """Load the settings; what was given here wins over environment, file and defaults.

    Raises InvalidSettings.
    """
    from engine.config import load_settings

    given = {
        "paths": {"scripts": tree, "data": data},
        "server": {"host": host, "port": port},
        "runs": {"on_stop": on_stop},
        "log": {"format": log_format},
    }
    overrides = {
        f"{section}.{name}": value
        for section, values in given.items()
        for name, value in values.items()
        if value is not None
    }
    return load_settings(overrides=overrides, environ=os.environ)
