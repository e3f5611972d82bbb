"""`data/server.json`: how commands on this machine find the server and its key.

Readable by its own account alone (mode 0600), as whoever has the key may run scripts.
"""

import json
import os
from pathlib import Path

SERVER_FILE = "server.json"


def note(data: Path, url: str, key: str) -> None:
    """Write the file in one step. Raises OSError."""
    content = json.dumps({"url": url, "key": key, "pid": os.getpid()})
    draft = data / f"{SERVER_FILE}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        # A draft left by a killed process keeps its old mode when it is opened again.
        os.fchmod(fd, 0o600)
        os.write(fd, content.encode())
    finally:
        os.close(fd)
    draft.replace(data / SERVER_FILE)


def forget(data: Path) -> None:
    """Remove the file, unless a newer server has written its own."""
    file = data / SERVER_FILE
    try:
        if json.loads(file.read_text()).get("pid") == os.getpid():
            file.unlink()
    except (OSError, ValueError):
        return
