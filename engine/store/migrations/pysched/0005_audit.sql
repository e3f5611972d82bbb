-- Who changed what. Rows are only added, and removed when they are past their time.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    script TEXT,
    -- JSON: names and ids, never what was sent.
    parameters TEXT NOT NULL,
    status INTEGER NOT NULL,
    code TEXT NOT NULL,
    request_id TEXT NOT NULL,
    count INTEGER NOT NULL,
    gathered INTEGER NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_who ON audit (who, at);
CREATE INDEX audit_script ON audit (script, at) WHERE script IS NOT NULL;
CREATE INDEX audit_gathered ON audit (id) WHERE gathered = 1;

-- Secret addresses /hooks/<token>. Only the hash of a token is kept.
CREATE TABLE hooks (
    script TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL
) WITHOUT ROWID;
