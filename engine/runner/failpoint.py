"""Places at which a test lets the runner die, to see what a crash right there leaves behind."""

import os
import signal


def failpoint(name: str) -> None:
    """Kill this process when PYSCHED_FAILPOINT names the place."""
    if os.environ.get("PYSCHED_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
