"""Step 1: put raw measurements into the warehouse."""

import math
import os
import sqlite3
from datetime import datetime, timedelta, timezone

database = sqlite3.connect(os.environ["WAREHOUSE"])
now = datetime.now(timezone.utc).replace(microsecond=0, second=0)

with database:
    database.execute("CREATE TABLE IF NOT EXISTS raw (at TEXT PRIMARY KEY, celsius REAL)")
    rows = [
        (at.isoformat(), round(12 + 8 * math.sin(at.timestamp() / 86400 * 2 * math.pi), 2))
        for at in (now - timedelta(minutes=10 * step) for step in range(144))
    ]
    added = database.executemany("INSERT OR IGNORE INTO raw VALUES (?, ?)", rows).rowcount

print(f"extracted {len(rows)} measurements, {added} of them new")
