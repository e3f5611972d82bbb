"""One client in a process of its own: counts the lines of a run as they come, in order.

`python -m benchmarks.listener PORT KEY RUN` prints how many lines are missing, having failed if
one came twice or too early.
"""

import sys

from benchmarks.websocket import WebSocket


def missing(port: int, key: str, run: str, lines: int) -> int:
    """Follow a run that prints the numbers below `lines`; return how many did not come."""
    client = WebSocket(port, key)
    client.subscribe(f"run:{run}")
    came, rest = 0, ""
    for text in client.output():
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            if not line.isdigit() or int(line) < came:
                raise RuntimeError(f"{line!r} came after {came} lines")
            came += 1
    client.close()
    return lines - came


if __name__ == "__main__":
    print(missing(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
