"""`pysched plan --confirm`: let removals through, at once when a server serves the data directory.

The word itself is a file in the data directory, so it also counts without a server;
asking the server only spares the wait for its next pass.
"""

from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.model.plan import DeleteScript
from engine.service import offline
from schemas.settings import Settings
from web.cli.client import ConnectionBroke, NoServer, Server, find_server
from web.cli.failure import Failed
from web.cli.serverfile import SERVER_FILE
from web.cli.words import count


def confirm(tree: Path, settings: Settings) -> str:
    """Confirm the removals that wait and return what became of them.

    Raises Failed when the server holds them back all the same.
    """
    waiting = offline.confirm_removals(tree, settings)
    removals = sum(isinstance(action, DeleteScript) for action in waiting.actions)
    if not removals:
        return "no removal waits"
    number, data = count(removals, "removal"), settings.paths.data
    if not (data / SERVER_FILE).exists():
        return f"{number} will go through when the server starts"
    try:
        done = _pass(data)
    except (NoServer, ConnectionBroke):
        return f"{number} will go through when the server starts"
    except EngineError as error:
        return (
            f"{number} will go through at the server's next pass; asked for one, it said: {error}"
        )
    if done["held"]:
        raise Failed(f"the server still holds them back: {done['held']}")
    return f"{number} went through"


def _pass(data: Path) -> Any:
    # Only the server of this very directory is meant, whatever PYSCHED_URL says.
    with Server(find_server(None, None, lambda: data, environ={})) as server:
        return server.post("/api/reconcile", {})
