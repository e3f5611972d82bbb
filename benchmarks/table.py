"""Results as people read them: a table in the terminal, and the one in the documentation."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure
from benchmarks.results import Row

DOCUMENT = Path(__file__).parent.parent / "docs" / "explanation" / "performance.md"
BEGIN = "<!-- results: written by ./dev bench -->"
END = "<!-- end of results -->"


def show(rows: Sequence[Row], figures: Sequence[Figure], console: Console) -> None:
    titles = {figure.name: figure.title for figure in figures}
    table = Table(box=None, header_style="bold")
    table.add_column("figure", ratio=1)
    for heading in ("value", "floor", "ratio", "aim"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("met")
    for row in rows:
        met = "[green]yes[/]" if row.met else "[red]no[/]"
        table.add_row(titles[row.figure], *_cells(row), met)
    console.print(table)


def _cells(row: Row) -> tuple[str, str, str, str]:
    return (
        f"{row.value:g} {row.unit}",
        "" if row.floor is None else f"{row.floor:g}",
        "" if row.ratio is None else f"{row.ratio:.2f}×",
        row.aim,
    )


def markdown(rows: Mapping[str, Row], figures: Sequence[Figure]) -> str:
    """Return the table of the documentation, of those figures that were measured."""
    lines = [
        "| figure | value | floor | ratio | aim | met | measured |",
        "| --- | ---: | ---: | ---: | --- | --- | --- |",
    ]
    measured = [figure for figure in figures if figure.name in rows]
    for figure in measured:
        row = rows[figure.name]
        cells = [figure.title, *_cells(row), "yes" if row.met else "**no**"]
        lines.append(f"| {' | '.join([*cells, f'{row.date}, `{row.commit}`'])} |")
    machines = sorted({rows[figure.name].machine for figure in measured})
    return "\n".join([*lines, "", f"Machine: {'; '.join(machines)}."])


def floors(figures: Sequence[Figure]) -> str:
    """Return a list of what each figure is compared with."""
    by_floor: dict[str, list[str]] = {}
    for figure in figures:
        by_floor.setdefault(figure.floor, []).append(f"`{figure.name}`")
    return "\n".join(f"- {', '.join(names)}: {floor}" for floor, names in by_floor.items())


def with_results(text: str, rows: Mapping[str, Row], figures: Sequence[Figure]) -> str:
    """Return the document with the results as they are now. Raises ValueError without a place."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document has no lines {BEGIN} and {END}")
    inside = f"{markdown(rows, figures)}\n\nFloors:\n\n{floors(figures)}"
    return f"{before}{BEGIN}\n\n{inside}\n\n{END}{after}"
