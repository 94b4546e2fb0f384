-- What people changed, kept for a year: who, which monitor (NULL: the server's own settings), which
-- field, before and after. One row a field; what was done rather than set ('added', 'paused' …) has
-- no before, and after is what it was done with (until when, which window), if anything.
-- Values of request headers are never written here: only their names.
CREATE TABLE change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    monitor_id INTEGER REFERENCES monitor (id),
    user_id INTEGER NOT NULL,
    field TEXT NOT NULL,
    before TEXT,
    after TEXT,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX change_of_monitor ON change (monitor_id, id) WHERE monitor_id IS NOT NULL;
CREATE INDEX change_of_guild ON change (guild_id, id);
CREATE INDEX change_by_age ON change (at_ms);
