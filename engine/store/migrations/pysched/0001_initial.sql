-- Moments are integer microseconds since 1970 in UTC: exact, compact, and in the order of time.

-- `seq` is the order of insertion. It ends every index for free, so that it, and not the text id,
-- breaks ties between runs that were queued in the same microsecond.
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    script TEXT NOT NULL,
    status TEXT NOT NULL,
    cause TEXT NOT NULL,
    "trigger" TEXT,
    queued_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    scheduled_for INTEGER,
    not_before INTEGER,
    started_at INTEGER,
    finished_at INTEGER,
    duration_ms INTEGER,
    exit_code INTEGER,
    cpu_ms INTEGER,
    peak_memory_bytes INTEGER,
    attempt INTEGER NOT NULL,
    first_id TEXT,
    "commit" TEXT,
    digest TEXT,
    lock TEXT,
    environment TEXT,
    python TEXT,
    requested_by TEXT,
    args TEXT,
    env TEXT,
    files TEXT,
    payload TEXT,
    previous_status TEXT,
    output_bytes INTEGER,
    output_cut INTEGER
);

CREATE INDEX runs_by_time ON runs (queued_at);
CREATE INDEX runs_by_script ON runs (script, queued_at);
CREATE INDEX runs_by_status ON runs (status, queued_at);
CREATE INDEX runs_by_cause ON runs (cause, queued_at);
CREATE INDEX runs_by_trigger ON runs ("trigger", queued_at) WHERE "trigger" IS NOT NULL;
-- A script that skips every second leaves many rows that never started; they are not walked
-- to find the last one that did.
CREATE INDEX runs_started ON runs (script, queued_at) WHERE started_at IS NOT NULL;

-- The ledger. The key is in the order in which it is read: one script, newest first.
CREATE TABLE occurrences (
    script TEXT NOT NULL,
    due INTEGER NOT NULL,
    "trigger" TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    run_id TEXT,
    PRIMARY KEY (script, due, "trigger")
) WITHOUT ROWID;

-- What is in force: a cache of the tree.
CREATE TABLE scripts (
    id TEXT NOT NULL PRIMARY KEY,
    signature TEXT NOT NULL,
    digest TEXT NOT NULL,
    definition TEXT,
    problems TEXT,
    environment TEXT
) WITHOUT ROWID;

CREATE TABLE trigger_state (
    script TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    last_due INTEGER NOT NULL,
    -- JSON: a stamp by path, of what a files trigger has seen.
    files TEXT,
    PRIMARY KEY (script, "trigger")
) WITHOUT ROWID;

-- Idempotency keys: a request that is repeated finds the run of the first.
CREATE TABLE request_keys (
    script TEXT NOT NULL,
    key TEXT NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (script, key)
) WITHOUT ROWID;

CREATE INDEX request_keys_by_run ON request_keys (run_id);

CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    error TEXT NOT NULL
);
