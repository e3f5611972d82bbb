"""Tell the operator, on standard error, what the runner does of its own accord."""

import os
from contextlib import suppress


def say(message: str) -> None:
    """Write one line; a standard error that is gone stops nothing."""
    with suppress(OSError):
        os.write(2, f"runner: {message}\n".encode(errors="replace"))
