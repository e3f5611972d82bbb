"""The trees that are served."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

HELLO = "from time import time_ns\n\nprint(time_ns())\n"
"""Its first statement that can tell the time tells it; `time` is built in."""

FRESH_ENVIRONMENT = "import json, os\n\nprint(json.dumps(dict(os.environ)))\n"


def write_script(tree: Path, script: str, code: str, manifest: str = "") -> Path:
    """Write a script directory and return its main file; the manifest comes last."""
    directory = tree / script
    directory.mkdir(parents=True, exist_ok=True)
    main = directory / f"{directory.name}.py"
    main.write_text(code)
    if manifest:
        (directory / "script.yaml").write_text(manifest)
    return main


def hello(tree: Path, script: str = "hello", manifest: str = "triggers:\n  - url: true\n") -> Path:
    return write_script(tree, script, HELLO, manifest)


def many(tree: Path, count: int) -> None:
    """Write scripts of three files with about 200 cron expressions, none due within two hours."""
    crons = _distant_crons()
    for number in range(count):
        directory = tree / f"team-{number % 20:02d}" / f"job-{number:05d}"
        directory.mkdir(parents=True)
        (directory / "main.py").write_text(f"import steps\n\nprint(steps.of({number}))\n")
        (directory / "steps.py").write_text("def of(number):\n    return number + 1\n")
        (directory / "script.yaml").write_text(
            f"name: Job {number}\ndescription: One of many\n"
            f'triggers:\n  - cron: "{crons[number % len(crons)]}"\n    timezone: Europe/Berlin\n'
            "env:\n  NUMBER: "
            f'"{number}"\nlimits:\n  timeout: 10m\n'
        )


def _distant_crons() -> list[str]:
    # Berlin is ahead of UTC by one or two hours.
    first = datetime.now(UTC) + timedelta(hours=5)
    hours = [(first + timedelta(hours=ahead)).hour for ahead in range(10)]
    return [f"{minute} {hour} * * *" for hour in hours for minute in range(0, 60, 3)]
