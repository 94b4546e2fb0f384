-- The live status message of a channel: one each. message_id is NULL until it is posted.
-- words, numbers: fingerprints of what it shows. nonce: of a post whose outcome is not known yet,
-- tried at first_try_ms and, the latest time, at last_try_ms. recreated_ms: when it was found
-- deleted and made again; asked_ms: when it was found deleted once more, and people were asked
-- instead; removed_ms: people want it no more, its message has still to be deleted.
CREATE TABLE board (
    channel_id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    message_id INTEGER,
    created_by INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    edited_ms INTEGER,
    words TEXT,
    numbers TEXT,
    nonce TEXT,
    first_try_ms INTEGER,
    last_try_ms INTEGER,
    recreated_ms INTEGER,
    asked_ms INTEGER,
    removed_ms INTEGER
) STRICT;

CREATE INDEX board_of_guild ON board (guild_id);
