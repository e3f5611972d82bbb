"""Figures, aims and tables, without measuring anything."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import results, table
from benchmarks.catalogue import BENCHMARKS, FIGURES, chosen
from benchmarks.figure import Against, Figure, Measured
from benchmarks.samples import percentile

LATENCY = Figure(
    name="latency", title="start", unit="ms", floor="spawn", limit=1.25, against=Against.RATIO
)
ROW = results.Row(
    figure="latency",
    value=12.3,
    unit="ms",
    floor=10,
    ratio=1.23,
    aim="≤ 1.25×",
    met=True,
    samples=5,
    machine="a machine",
    date="2026-05-01",
    commit="abc1234",
)


def measured(value: float, floor: float | None = 10.0, figure: Figure = LATENCY) -> Measured:
    return Measured(figure=figure, value=value, floor=floor, samples=1)


@pytest.mark.parametrize(("value", "met"), [(12.5, True), (12.6, False)])
def test_a_ratio_is_held_against_the_floor(value: float, met: bool):
    assert measured(value).met is met


@pytest.mark.parametrize(("value", "met"), [(8.5, True), (8.4, False)])
def test_a_throughput_must_be_at_least_its_limit(value: float, met: bool):
    figure = replace(LATENCY, limit=0.85, at_least=True)

    assert measured(value, figure=figure).met is met


def test_a_value_is_held_against_its_limit_whatever_the_floor():
    figure = replace(LATENCY, limit=5, against=Against.VALUE)

    assert [measured(value, floor=None, figure=figure).met for value in (5, 5.1)] == [True, False]


def test_a_ratio_without_a_floor_is_not_met():
    assert not measured(0.0, floor=None).met


@pytest.mark.parametrize(
    ("percent", "sample"), [(0, 1), (50, 5), (90, 9), (91, 10), (99, 10), (100, 10)]
)
def test_a_percentile_is_a_sample(percent: float, sample: float):
    assert percentile(range(10, 0, -1), percent) == sample


def test_figures_have_names_of_their_own():
    assert len({figure.name for figure in FIGURES}) == len(FIGURES) > 20


def test_a_name_that_is_a_figure_and_a_benchmark_means_the_same_of_both():
    assert [each.name for each in BENCHMARKS if [each] != chosen([each.name])] == []


def test_a_figure_names_the_benchmark_that_measures_it():
    assert [each.name for each in chosen(["visible-end"])] == ["latency"]


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match=r"latencies: not one of .*latency"):
        chosen(["latencies"])


def test_new_rows_replace_old_ones_and_keep_the_others(tmp_path: Path):
    file = tmp_path / "results.json"
    other = replace(ROW, figure="other")
    results.save([ROW, other], ["other", "latency"], file)

    results.save([replace(ROW, value=9)], ["other", "latency"], file)

    assert list(results.load(file).values()) == [other, replace(ROW, value=9)]


def test_results_stand_in_the_document_between_their_marks():
    text = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"

    new = table.with_results(text, {"latency": ROW}, [LATENCY])

    row = "| start | 12.3 ms | 10 | 1.23× | ≤ 1.25× | yes | 2026-05-01, `abc1234` |"
    assert (row in new, "old" in new, new.endswith("\nafter\n")) == (True, False, True)


def test_a_document_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="end of results"):
        table.with_results("nothing", {}, [])


def test_the_document_shows_the_results_on_file():
    text = table.DOCUMENT.read_text()

    assert table.with_results(text, results.load(), FIGURES) == text
