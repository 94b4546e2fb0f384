-- Push monitors: how late a beat may be, where their jobs call, and when they last did.
ALTER TABLE monitor ADD COLUMN grace_s INTEGER;

CREATE TABLE push (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    token BLOB NOT NULL UNIQUE,
    beat_ms INTEGER,
    started_ms INTEGER,
    body TEXT,
    body_ms INTEGER
) STRICT;
