from pathlib import Path

import pytest

from tests.fakes.reconciled import Disk


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.fixture(autouse=True)
def rows_tell_of_a_start_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.reconcile.endings.BEGIN_TOGETHER", 0)
