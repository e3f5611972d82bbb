"""Entry: `python -I -S engine/runner/__main__.py`, with nothing but the standard library.

`-I -S` keeps the environment's packages and the user's settings out of a process
that has to outlive them all, so the way to this package is found from here.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))

    from engine.runner.main import main

    sys.exit(main(sys.argv[1:]))
