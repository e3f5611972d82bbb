-- Values are sealed with a key that is not in this file, see engine/secrets.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    -- JSON: a list of patterns, empty for all scripts.
    scripts TEXT NOT NULL,
    description TEXT NOT NULL,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    last_used INTEGER,
    -- Of the key that opens the value; one for all rows, which every writer sees to.
    key_id TEXT NOT NULL
) WITHOUT ROWID;
