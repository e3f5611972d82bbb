"""Step 2: turn raw measurements into hourly means."""

import os
import sqlite3

database = sqlite3.connect(os.environ["WAREHOUSE"])

with database:
    database.execute("DROP TABLE IF EXISTS hourly")
    database.execute(
        "CREATE TABLE hourly AS SELECT substr(at, 1, 13) AS hour, round(avg(celsius), 2) AS celsius "
        "FROM raw GROUP BY hour"
    )
(hours,) = database.execute("SELECT count(*) FROM hourly").fetchone()
print(f"transformed into {hours} hourly means")
