"""SQLite: what happened, and a cache of what is in force; the only importer of sqlite3."""
