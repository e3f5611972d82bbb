from pathlib import Path

import pytest

from tests.fakes.reconciled import Disk


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)
