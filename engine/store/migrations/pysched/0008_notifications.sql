-- Ends of runs that somebody may have to be told of; written with the end itself, and taken out
-- once it is decided, so that no crash in between is passed over in silence.
CREATE TABLE ends_to_tell (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE
);

-- What is remembered of a script from one notice to the next.
CREATE TABLE standings (
    script TEXT NOT NULL PRIMARY KEY,
    failing_since INTEGER,
    failures INTEGER NOT NULL,
    failure_told_at INTEGER,
    missed_told_at INTEGER,
    expected_since INTEGER,
    overdue_told INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE notices (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    script TEXT,
    run_id TEXT,
    at INTEGER NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX notices_by_time ON notices (at);

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    notice TEXT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    -- As it is written in the manifest, so that a secret is named and not held here.
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER,
    done_at INTEGER,
    error TEXT NOT NULL,
    UNIQUE (notice, target)
);

CREATE INDEX deliveries_waiting ON deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX deliveries_failed ON deliveries (done_at) WHERE state = 'failed';
