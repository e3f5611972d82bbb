-- Output of finished runs. `position` is the order in which they finished and is never used again,
-- so that a word left over in the index can never point at another run.
CREATE TABLE outputs (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    -- Bytes of frames at the start of `packed`; NULL when they are in a file of their own.
    frames_size INTEGER,
    -- zlib of the frames, if they are here, followed by the indexed text in UTF-8.
    packed BLOB NOT NULL
);

-- Whole words only: an index with positions is three times as large.
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', detail = none, columnsize = 0, tokenize = 'unicode61 remove_diacritics 0'
);
