"""The files of a served tree's runs: how they are started, gathered and archived."""

import os
from typing import TYPE_CHECKING

from engine.runs.files import RunFiles
from engine.runs.request import RequestBuilder

if TYPE_CHECKING:
    from engine.service.compose import Composition

GATHER_SECONDS = 0.2
"""For how long ended runs are gathered, to be archived together."""


def open_files(server: "Composition") -> RunFiles:
    """Return the files of a server that is being put together."""
    return RunFiles(
        places=server.places,
        requests=RequestBuilder(
            places=server.places, server_env=dict(os.environ), secrets=server.secrets
        ),
        outputs=server.stores.archive,
        gather_for=GATHER_SECONDS,
        busy=lambda: server.endings.dispatcher.is_busy,
    )
