"""When the server starts: is there room on the disk, is the clock sane, can state be written?"""

import os
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

LEAST_FREE = 500_000_000
problems = []

state = Path(os.environ.get("PYSCHED_STATE_DIR", "."))
free = shutil.disk_usage(state).free
print(f"disk   {free / 1e9:.1f} GB free at {state}")
if free < LEAST_FREE:
    problems.append(f"less than {LEAST_FREE / 1e9:.1f} GB free")

now = datetime.now(timezone.utc)
last = state / "last-start"
if last.exists() and datetime.fromisoformat(last.read_text()) > now:
    problems.append("the clock is behind the last start")
last.write_text(now.isoformat())
print(f"clock  {now:%Y-%m-%d %H:%M:%S} UTC")

for problem in problems:
    print(f"PROBLEM: {problem}", file=sys.stderr)
sys.exit(1 if problems else 0)
