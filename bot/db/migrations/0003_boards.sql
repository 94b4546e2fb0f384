-- The live status message of a channel. message_id is NULL until it is posted.
-- shown: fingerprint of what it shows; recreated_ms: when it was found deleted and made again;
-- asked_ms: when it was found deleted once more, so that people are asked instead.
CREATE TABLE board (
    channel_id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    message_id INTEGER,
    created_by INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    edited_ms INTEGER,
    shown TEXT,
    recreated_ms INTEGER,
    asked_ms INTEGER
) STRICT;

CREATE INDEX board_of_guild ON board (guild_id);
