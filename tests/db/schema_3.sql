-- The schema of version 3: databases of that version are upgraded from here.

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

CREATE UNIQUE INDEX monitor_name ON monitor (guild_id, name_key) WHERE removed_ms IS NULL;

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

CREATE TABLE memory (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id),
    judge TEXT NOT NULL,
    latest TEXT
) STRICT;

CREATE TABLE certificate (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    told TEXT NOT NULL
) STRICT;

CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id TEXT NOT NULL UNIQUE,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    monitor_id INTEGER NOT NULL REFERENCES monitor (id),
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
    withheld INTEGER NOT NULL DEFAULT 0,
    address TEXT,
    certificate_ms INTEGER
) STRICT;

CREATE UNIQUE INDEX incident_open ON incident (monitor_id) WHERE resolved_ms IS NULL;
CREATE INDEX incident_history ON incident (guild_id, opened_ms);
CREATE INDEX incident_of_monitor ON incident (monitor_id, since_ms);

CREATE TABLE incident_stage (
    incident_id INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    from_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (incident_id, from_ms)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER incident_begins AFTER INSERT ON incident BEGIN
    INSERT INTO incident_stage (incident_id, from_ms, kind) VALUES (new.id, new.since_ms, new.kind);
END;

CREATE TRIGGER incident_changes AFTER UPDATE OF kind ON incident WHEN old.kind <> new.kind BEGIN
    INSERT OR REPLACE INTO incident_stage (incident_id, from_ms, kind)
    VALUES (new.id, max(coalesce(new.last_failed_ms, 0), new.since_ms), new.kind);
END;

CREATE TABLE follower (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    user_id INTEGER NOT NULL,
    wish TEXT NOT NULL CHECK (wish IN ('tell_me', 'me_too')),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (incident_id, user_id, wish)
) STRICT, WITHOUT ROWID;

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
CREATE UNIQUE INDEX notification_once ON notification (incident_id, channel_id, kind)
    WHERE kind IN ('open', 'escalate', 'close');
CREATE UNIQUE INDEX notification_edit ON notification (post_id)
    WHERE kind = 'edit' AND state = 'pending';

CREATE TABLE parked (
    channel_id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE result (
    at_ms INTEGER NOT NULL,
    monitor_id INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    cause TEXT,
    PRIMARY KEY (at_ms, monitor_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE packed (
    monitor_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    tries BLOB NOT NULL,
    PRIMARY KEY (monitor_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE hourly (
    monitor_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    count INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    p50_ms INTEGER,
    p95_ms INTEGER,
    max_ms INTEGER,
    watched_s INTEGER NOT NULL,
    down_s INTEGER NOT NULL,
    unstable_s INTEGER NOT NULL,
    last_s INTEGER,
    PRIMARY KEY (monitor_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily (
    monitor_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    p50_ms INTEGER,
    p95_ms INTEGER,
    max_ms INTEGER,
    watched_s INTEGER NOT NULL,
    down_s INTEGER NOT NULL,
    unstable_s INTEGER NOT NULL,
    PRIMARY KEY (monitor_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

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
