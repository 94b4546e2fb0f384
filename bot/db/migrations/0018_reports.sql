-- Scheduled reports of a server. channel_id NULL: where its alerts go. tag '': of all its sites.
-- reported_ms: the end of the newest stretch of time that was reported, or that began before.
CREATE TABLE report (
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    period TEXT NOT NULL,
    tag TEXT NOT NULL,
    channel_id INTEGER,
    reported_ms INTEGER NOT NULL,
    PRIMARY KEY (guild_id, period, tag)
) STRICT, WITHOUT ROWID;
