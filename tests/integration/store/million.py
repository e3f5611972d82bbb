"""A database with very many runs, made in seconds by SQL alone; as lean as plans allow."""

import sqlite3
from pathlib import Path

from engine.store.database import Database
from engine.store.durations import teach
from engine.store.migrate import FOLDER, statements

SCRIPTS = 200
STATISTICS = FOLDER / "pysched" / "0007_statistics.sql"

# As a busy server leaves them: mostly scheduled successes, one in seven something else,
# and the newest ones still going.
FILL = """
INSERT INTO runs (seq, id, script, status, cause, "trigger", queued_at, reason, scheduled_for,
                  started_at, finished_at, duration_ms, exit_code, cpu_ms, peak_memory_bytes,
                  attempt)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
runs_of AS (
    SELECT i, 1750000000000000 + i * 1000003 AS at,
           CASE WHEN i > ?1 - 5 THEN 'running' WHEN i % 7 THEN 'success' WHEN i % 2 THEN 'failed'
                WHEN i % 3 THEN 'skipped' ELSE 'timeout' END AS status
    FROM n
)
SELECT i, printf('20260501T120000-%012x', i), printf('team-%02d/script-%03d', i % 20, i % ?2),
       status, CASE WHEN i % 11 THEN 'schedule' ELSE 'manual' END,
       CASE WHEN i % 11 THEN 'cron */5 * * * *' END,
       at, '', at, CASE WHEN status <> 'skipped' THEN at + 5000 END,
       CASE WHEN status <> 'running' THEN at + 900000 END, 895, 0, 120, 23000000,
       1
FROM runs_of
"""


def database_with(runs: int, path: Path, *, counted: bool = False) -> Database:
    """Return a database of that many runs of 200 scripts, written without a sync.

    Its statistics know of the runs only if `counted`.
    """
    Database(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    # Indexes made afterwards are sorted once instead of being grown row by row.
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -200000")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute(FILL, (runs, SCRIPTS))
    for _, sql in indexes:
        connection.execute(sql)
    if counted:
        teach(connection)
        connection.execute("DROP TABLE statistics")
        for statement in statements(STATISTICS.read_text()):
            connection.execute(statement)
    connection.close()
    return Database(path)
