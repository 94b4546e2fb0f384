-- Other people's status pages that a server follows. kind: the format; components: a JSON list of
-- ids, empty for all of the page; channel_id NULL: the server's alert channel.
CREATE TABLE followed_page (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    url TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    components TEXT NOT NULL,
    channel_id INTEGER,
    created_by INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;

CREATE UNIQUE INDEX followed_page_once ON followed_page (guild_id, url) WHERE removed_ms IS NULL;

-- What such a page reports, as its newest update has it; page is the page's name, foreign_id its own
-- id. post_id: its message. silent: never sent. unfollowed: it ended with the page's being followed.
CREATE TABLE page_report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id TEXT NOT NULL UNIQUE,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    page_id INTEGER NOT NULL REFERENCES followed_page (id),
    page TEXT NOT NULL,
    url TEXT NOT NULL,
    foreign_id TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    text TEXT NOT NULL,
    components TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    post_id INTEGER REFERENCES post (id) ON DELETE SET NULL,
    silent INTEGER NOT NULL DEFAULT 0,
    unfollowed INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Each report of a page is sent once, whatever happens.
CREATE UNIQUE INDEX page_report_once ON page_report (page_id, foreign_id);
CREATE INDEX page_report_of_post ON page_report (post_id) WHERE post_id IS NOT NULL;
