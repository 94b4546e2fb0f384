-- The first schema. Times are UTC epoch milliseconds (_ms), lengths of time are seconds (_s).

CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE guild (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER,
    role_id INTEGER,
    fallback_channel_id INTEGER,
    language TEXT,
    guild_locale TEXT NOT NULL DEFAULT 'en-US',
    timezone TEXT NOT NULL DEFAULT 'UTC',
    reminder_h INTEGER NOT NULL DEFAULT 0,
    set_by INTEGER,
    left_ms INTEGER,
    -- When it was last told that a channel refuses us; since when nobody there could be told.
    noticed_ms INTEGER,
    unheard_ms INTEGER
) STRICT;

CREATE TABLE monitor (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    url TEXT NOT NULL,
    method TEXT NOT NULL,
    headers TEXT NOT NULL,
    expect_status TEXT NOT NULL,
    contains TEXT,
    not_contains TEXT,
    slow_ms INTEGER,
    interval_s INTEGER NOT NULL,
    channel_id INTEGER,
    role_id INTEGER,
    paused_ms INTEGER,
    resume_ms INTEGER,
    muted_until_ms INTEGER,
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;

-- A removed monitor keeps its history but gives its name free.
CREATE UNIQUE INDEX monitor_name ON monitor (guild_id, name_key) WHERE removed_ms IS NULL;

-- Planned work. monitor_id NULL: all of the server. Times are the wall clock's in that zone.
-- days: every week on these (0 is Monday), such as '024'; '' is once, on that date.
-- ended_ms: cancelled then, or found to be over.
CREATE TABLE maintenance_window (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    monitor_id INTEGER REFERENCES monitor (id),
    timezone TEXT NOT NULL,
    days TEXT NOT NULL,
    date TEXT,
    begins TEXT NOT NULL,
    ends TEXT,
    length_s INTEGER,
    reason TEXT,
    created_by INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    CHECK ((days = '') = (date IS NOT NULL)),
    CHECK ((ends IS NULL) = (length_s IS NOT NULL))
) STRICT;

CREATE INDEX maintenance_live ON maintenance_window (guild_id) WHERE ended_ms IS NULL;

-- What the judge remembers and the latest check: rewritten all the time, so apart from the settings.
CREATE TABLE memory (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id),
    judge TEXT NOT NULL,
    latest TEXT
) STRICT;

-- Which ends of its certificate a monitor was warned of, as the rule of the warnings wrote it.
CREATE TABLE certificate (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    told TEXT NOT NULL
) STRICT;

CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id TEXT NOT NULL UNIQUE,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    monitor_id INTEGER NOT NULL REFERENCES monitor (id),
    -- Where it is told, fixed at the opening; NULL: the server has no alert channel.
    channel_id INTEGER,
    role_id INTEGER,
    kind TEXT NOT NULL,
    cause TEXT,
    since_ms INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    last_ok_ms INTEGER,
    last_failed_ms INTEGER,
    answering_since_ms INTEGER,
    share_ok INTEGER NOT NULL DEFAULT 0,
    share_of INTEGER NOT NULL DEFAULT 0,
    latency_ms INTEGER,
    limit_ms INTEGER,
    resolved_ms INTEGER,
    ended_ms INTEGER,
    ending TEXT,
    acknowledged_ms INTEGER,
    acknowledged_by INTEGER,
    told_down INTEGER NOT NULL DEFAULT 0,
    -- 1: a mute or a maintenance window kept it quiet; it is told at the end of that if still bad.
    withheld INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX incident_open ON incident (monitor_id) WHERE resolved_ms IS NULL;
CREATE INDEX incident_history ON incident (guild_id, opened_ms);

-- Who asked to be told when it is back, and who says "me too".
CREATE TABLE follower (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    user_id INTEGER NOT NULL,
    wish TEXT NOT NULL CHECK (wish IN ('tell_me', 'me_too')),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (incident_id, user_id, wish)
) STRICT, WITHOUT ROWID;

-- One Discord message that tells of one or more incidents. message_id is NULL until it is posted.
-- pinged: the roles it has pinged, ids with blanks between; gone_ms: when it was found deleted.
CREATE TABLE post (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    channel_id INTEGER NOT NULL,
    message_id INTEGER,
    pinged TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    edited_ms INTEGER,
    gone_ms INTEGER
) STRICT;

CREATE INDEX post_in_channel ON post (channel_id, created_ms);
CREATE INDEX post_of_message ON post (message_id);

CREATE TABLE post_incident (
    post_id INTEGER NOT NULL REFERENCES post (id),
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    PRIMARY KEY (post_id, incident_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX post_of_incident ON post_incident (incident_id);

-- The outbox: one row is one piece of work for Discord.
-- channel_id: where; a negative one is a server (its id), to be told wherever it can be reached.
-- kind: open | ping | escalate | edit | close | reminder | notice
-- state: pending | sending (Discord may have it already) | sent | dead | superseded
-- batch: the row whose nonce a shared message carries, verb: what that message is; both are set
-- when the row is claimed.
CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    channel_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    incident_id INTEGER REFERENCES incident (id),
    post_id INTEGER REFERENCES post (id),
    payload TEXT,
    state TEXT NOT NULL DEFAULT 'pending',
    batch INTEGER,
    verb TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    first_try_ms INTEGER,
    last_try_ms INTEGER,
    message_id INTEGER,
    last_error TEXT
) STRICT;

CREATE INDEX notification_due ON notification (channel_id, id) WHERE state IN ('pending', 'sending');
CREATE INDEX notification_of_post ON notification (post_id) WHERE post_id IS NOT NULL;
-- Each incident is opened, escalated and closed once per channel, whatever happens.
CREATE UNIQUE INDEX notification_once ON notification (incident_id, channel_id, kind)
    WHERE kind IN ('open', 'escalate', 'close');
-- Edits show the newest truth, so one waiting edit of a post is enough.
CREATE UNIQUE INDEX notification_edit ON notification (post_id)
    WHERE kind = 'edit' AND state = 'pending';

-- Channels that refuse us: left alone until then, their rows wait.
CREATE TABLE parked (
    channel_id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- One row a try, appended in time order; cause is NULL when it was fine.
CREATE TABLE result (
    at_ms INTEGER NOT NULL,
    monitor_id INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    cause TEXT
) STRICT;

CREATE INDEX result_time ON result (at_ms);

-- Time in which nothing was watched: neither up nor down. reason: off | blind
CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
