from itertools import pairwise
from pathlib import Path

import pytest

from engine.runner import samples
from engine.runner.samples import SampleFile


@pytest.fixture(autouse=True)
def few_lines(monkeypatch):
    monkeypatch.setattr(samples, "_MOST", 20)


def test_samples_are_lines_of_four_figures(tmp_path: Path):
    SampleFile(tmp_path).add(1.0, (10, 20, 30, 4))

    assert (tmp_path / "samples").read_text() == "10 20 30 4\n"


def test_a_long_run_keeps_few_lines_over_its_whole_time(tmp_path: Path):
    file = SampleFile(tmp_path)
    for tenth in range(1, 5000):
        file.add(tenth / 10, (tenth, 0, 0, 1))

    times = [int(line.split()[0]) for line in (tmp_path / "samples").read_text().splitlines()]
    assert 10 <= len(times) <= 20
    assert times[0] == 1
    assert times[-1] > 4000
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps[:-1]) <= 2.5 * min(gaps[:-1])


def test_samples_that_are_too_near_are_left_out(tmp_path: Path):
    file = SampleFile(tmp_path)
    file.add(1.0, (1, 0, 0, 1))
    file.add(1.01, (2, 0, 0, 1))

    assert (tmp_path / "samples").read_text() == "1 0 0 1\n"


def test_a_directory_that_is_gone_costs_the_line_only(tmp_path: Path):
    SampleFile(tmp_path / "gone").add(1.0, (1, 0, 0, 1))

    assert not (tmp_path / "gone").exists()
