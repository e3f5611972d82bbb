"""Step 3: print what the reports read."""

import os
import sqlite3

database = sqlite3.connect(os.environ["WAREHOUSE"])
rows = database.execute("SELECT hour, celsius FROM hourly ORDER BY hour DESC LIMIT 6").fetchall()
for hour, celsius in rows:
    print(f"{hour}:00  {celsius:6.2f} °C  {'*' * round(celsius)}")
print(f"loaded; the run before this one ended as: {os.environ.get('PYSCHED_PREVIOUS_STATUS') or 'none'}")
