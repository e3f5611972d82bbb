-- What runs add up to, by script and UTC day, so that statistics read no runs. A run is counted in
-- the transaction that makes its row final, see engine/store/counting.py, and stays counted when
-- its row is deleted.
CREATE TABLE statistics (
    -- Empty for all scripts together.
    script TEXT NOT NULL,
    -- On which the runs ended, counted from 1970-01-01.
    day INTEGER NOT NULL,
    -- Runs by status.
    success INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    timeout INTEGER NOT NULL DEFAULT 0,
    out_of_memory INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0,
    env_failed INTEGER NOT NULL DEFAULT 0,
    interrupted INTEGER NOT NULL DEFAULT 0,
    -- Those that started, and whose duration is known.
    measured INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER NOT NULL DEFAULT 0,
    shortest_ms INTEGER,
    longest_ms INTEGER,
    cpu_ms INTEGER NOT NULL DEFAULT 0,
    most_cpu_ms INTEGER NOT NULL DEFAULT 0,
    -- Those that went on long enough for their memory to be measured, and the sum of their peaks.
    memory_runs INTEGER NOT NULL DEFAULT 0,
    memory_bytes INTEGER NOT NULL DEFAULT 0,
    most_memory_bytes INTEGER NOT NULL DEFAULT 0,
    -- Runs by range of duration, see engine/store/durations.py.
    durations BLOB,
    PRIMARY KEY (script, day)
) WITHOUT ROWID;

-- Runs of before.
INSERT INTO statistics
WITH ended AS (
    SELECT script, coalesce(finished_at, queued_at) / 86400000000 AS day, status,
           CASE WHEN started_at IS NOT NULL THEN duration_ms END AS duration_ms,
           coalesce(cpu_ms, 0) AS cpu_ms, coalesce(peak_memory_bytes, 0) AS memory_bytes
    FROM runs WHERE status NOT IN ('queued', 'running')
), counted AS (
    SELECT * FROM ended
    UNION ALL SELECT '', day, status, duration_ms, cpu_ms, memory_bytes FROM ended
)
SELECT script, day,
       sum(status = 'success'), sum(status = 'failed'), sum(status = 'timeout'),
       sum(status = 'out_of_memory'), sum(status = 'cancelled'), sum(status = 'skipped'),
       sum(status = 'missed'), sum(status = 'env_failed'), sum(status = 'interrupted'),
       count(duration_ms), coalesce(sum(duration_ms), 0), min(duration_ms), max(duration_ms),
       sum(cpu_ms), max(cpu_ms),
       sum(memory_bytes > 0), sum(memory_bytes), max(memory_bytes), durations_of(duration_ms)
FROM counted GROUP BY script, day;
