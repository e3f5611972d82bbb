-- People who log in. Passwords are argon2 hashes; of sessions and login links only hashes are kept.
CREATE TABLE users (
    name TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,
    role TEXT NOT NULL,
    password TEXT,
    theme TEXT NOT NULL,
    timezone TEXT,
    created INTEGER NOT NULL,
    last_login INTEGER,
    disabled INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    digest BLOB NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    agent TEXT NOT NULL,
    address TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);

-- One a user: a new one replaces the one before.
CREATE TABLE login_links (
    user TEXT NOT NULL COLLATE NOCASE PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
    digest BLOB NOT NULL UNIQUE,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
