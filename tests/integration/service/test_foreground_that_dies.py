"""A `pysched run` that is killed leaves no runner behind."""

import subprocess
import sys
from pathlib import Path

from tests.integration.runner.runnerharness import alive, until

ROOT = Path(__file__).resolve().parents[3]
DIES_BEFORE_ITS_RUN = """
import asyncio, os, sys
from pathlib import Path
from engine.runs.request import RequestBuilder
from engine.service.foreground import Foreground
from schemas.settings import Settings

def die(*_):
    print(Path(sys.argv[1]).glob("pysched-run-*/runner.lock").__next__().read_text().split()[0])
    sys.stdout.flush()
    os._exit(9)

RequestBuilder.build = die
tree = Path(sys.argv[1]) / "scripts"
settings = Settings.model_validate(
    {"paths": {"scripts": tree, "data": Path(sys.argv[1]) / "data"}}, strict=False
)
foreground = Foreground(tree, settings, lambda *_: None, lambda _: None)
asyncio.run(foreground.run("load", (), "me"))
"""


def test_the_runner_of_a_process_that_dies_before_its_run_starts_ends_too(tmp_path: Path):
    script = tmp_path / "scripts" / "load"
    script.mkdir(parents=True)
    (script / "main.py").write_text("print(1)")
    done = subprocess.run(
        [sys.executable, "-c", DIES_BEFORE_ITS_RUN, str(tmp_path)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 9, done.stderr

    until(lambda: not alive(int(done.stdout)), "the end of the runner", patience=5)
