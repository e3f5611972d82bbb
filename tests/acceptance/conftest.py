from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.served import Served, served


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """A server that is not started yet; whatever a test does, none of its processes is left."""
    with served(tmp_path) as one:
        yield one
