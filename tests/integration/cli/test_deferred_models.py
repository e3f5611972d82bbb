"""FastAPI's description of itself is built when it is asked for, and is the same then."""

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
    import json
    from web import deferred
    {first}
    from fastapi.openapi.models import Contact
    from tests.fakes.engine import FakeEngine
    from web.app import create_app
    from web.permissions import Keys
    print(Contact.__pydantic_complete__)
    print(json.dumps(create_app(FakeEngine(), Keys({{}})).openapi()))
"""


def description(first: str) -> list[str]:
    """Return whether FastAPI's models are built after the imports, and the API's description."""
    program = textwrap.dedent(PROGRAM).format(first=first)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.splitlines()


def test_models_that_are_built_when_used_describe_the_same():
    deferred, plain = description("deferred.import_fastapi()"), description("")

    assert (deferred[0], plain[0], deferred[1]) == ("False", "True", plain[1])
