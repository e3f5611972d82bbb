"""`data/server.json`: how commands on this machine find the server and its key.

Readable by its own account alone (mode 0600), as whoever has the key may run scripts.
"""

import json
import os
from pathlib import Path

SERVER_FILE = "server.json"


def note(data: Path, url: str, key: str) -> None:
    """Write the file in one step and remove drafts that killed servers left. Raises OSError.

    For the one server of a data directory, so nobody else is at work on a draft.
    """
    _remove_drafts(data)
    content = json.dumps({"url": url, "key": key, "pid": os.getpid()})
    draft = data / f"{SERVER_FILE}.{os.getpid()}"
    try:
        # Exclusive: an old file would keep its mode and might be open elsewhere.
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(content)
        draft.replace(data / SERVER_FILE)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _remove_drafts(data: Path) -> None:
    for draft in data.glob(f"{SERVER_FILE}.*"):
        if draft.suffix[1:].isdecimal():
            draft.unlink(missing_ok=True)


def forget(data: Path) -> None:
    """Remove the file, unless a newer server has written its own."""
    file = data / SERVER_FILE
    try:
        if json.loads(file.read_text()).get("pid") == os.getpid():
            file.unlink()
    except (OSError, ValueError):
        return
