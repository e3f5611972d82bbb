"""Record the load of the machine every minute, in a file that outlasts the runs."""

import csv
import os
from datetime import datetime, timezone
from pathlib import Path

state = Path(os.environ.get("PYSCHED_STATE_DIR", "."))
history = state / "load.csv"
one, five, fifteen = os.getloadavg()
row = [datetime.now(timezone.utc).isoformat(timespec="seconds"), f"{one:.2f}", f"{five:.2f}"]

with history.open("a", newline="", encoding="utf-8") as file:
    csv.writer(file).writerow(row)

rows = list(csv.reader(history.open(encoding="utf-8")))[-60:]
highest = max(float(row[1]) for row in rows)
print(f"load {one:.2f} {five:.2f} {fifteen:.2f}; highest of the last {len(rows)} minutes {highest:.2f}")
history.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
