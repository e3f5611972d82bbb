-- Keys of programs. Only the hash of a secret is kept, so this file opens no door.
CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    -- JSON: a list of patterns, empty for all scripts.
    scripts TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    last_used INTEGER
) WITHOUT ROWID;
