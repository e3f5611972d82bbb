"""Put a tree under git from a process of its own: `python -m engine.history.begin TREE TIME`.

The first commit of ten thousand scripts is ten seconds of Python and 40 MB. In the
server's own process it would hold up due runs for as long, and keep the memory.
"""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.errors import BrokenRepository, EngineError
from engine.history.repository import Repository
from engine.process import run_command

_NICE: Final = 10


async def begin(tree: Path, now: datetime) -> Repository:
    """Return the repository that the tree is in, made with all files in a commit if need be.

    `now` is the time of that commit. Raises BrokenRepository when there can be none.
    """
    # A directory named like one of our modules may be where the server was started: -P.
    command = [sys.executable, "-P", "-m", __name__, str(tree), now.isoformat()]
    done = await run_command(command, cwd=tree, env=dict(os.environ), nice=_NICE)
    if done.code:
        said = done.stderr.strip().rpartition("\n")[2]
        raise BrokenRepository(said or f"{tree}: git could not begin, exit {done.code}")
    found = Repository.discover(tree)
    if found is None:
        raise BrokenRepository(f"{tree}: there is no repository, though one was just made")
    return found


def main(arguments: Sequence[str]) -> int:
    """Do it here and now; what is wrong is the last line on stderr."""
    tree, now = arguments
    try:
        Repository.init_if_missing(Path(tree), datetime.fromisoformat(now))
    except EngineError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is how the other process is told
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
