"""Import each CSV file that lands in the inbox into a SQLite database."""

import csv
import os
import sqlite3
from pathlib import Path

here = Path(__file__).parent
state = Path(os.environ.get("PYSCHED_STATE_DIR", here))
arrived = os.environ.get("PYSCHED_FILES", "").splitlines()
files = [Path(name) for name in arrived] or sorted((here / "inbox").glob("*.csv"))

database = sqlite3.connect(state / "contacts.db")
database.execute("CREATE TABLE IF NOT EXISTS contacts (email TEXT PRIMARY KEY, name TEXT)")
for file in files:
    with file.open(encoding="utf-8", newline="") as handle, database:
        rows = [(row["email"].strip().lower(), row["name"].strip()) for row in csv.DictReader(handle)]
        database.executemany("INSERT OR REPLACE INTO contacts VALUES (?, ?)", rows)
    print(f"{file.name}: {len(rows)} contacts")

(total,) = database.execute("SELECT count(*) FROM contacts").fetchone()
print(f"{total} contacts in all")
