-- The newest schema, for a new database; the numbered steps bring older ones to the same.
-- Times are UTC epoch milliseconds (_ms), lengths of time are seconds (_s).

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
    reminder_ping INTEGER NOT NULL DEFAULT 0,
    set_by INTEGER,
    left_ms INTEGER,
    -- 1: its status page is public.
    page INTEGER NOT NULL DEFAULT 0,
    -- Since when nobody there could be notified.
    unheard_ms INTEGER,
    -- Where alerts of tagged monitors go, as a JSON list of tag, channel_id, role_id.
    tag_alerts TEXT NOT NULL DEFAULT '[]',
    manager_role_id INTEGER,
    -- Whom to call when nobody acknowledges an incident for so long (0: nobody), and where (NULL:
    -- beside its alert).
    escalate_s INTEGER NOT NULL DEFAULT 0,
    escalate_role_id INTEGER,
    escalate_channel_id INTEGER,
    -- Which of its settings the operator's file of sites gives, as a JSON list.
    file_keys TEXT NOT NULL DEFAULT '[]'
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
    removed_ms INTEGER,
    timeout_s INTEGER NOT NULL DEFAULT 10,
    -- The only place it is seen from; NULL: all of them.
    place TEXT,
    -- A JSON list of words in lower case.
    tags TEXT NOT NULL DEFAULT '[]',
    -- The monitor it is reached through: while that is down no opening of this one is sent.
    depends_on INTEGER,
    -- 1: everybody may know its name and state, whoever sees its alert channel.
    public INTEGER NOT NULL DEFAULT 0,
    -- Sent by POST; a JMESPath expression and headers that an answer has to meet.
    body TEXT,
    json TEXT,
    header_is TEXT NOT NULL DEFAULT '[]',
    -- Of a push monitor: how late a beat may be.
    grace_s INTEGER,
    -- Shown on its alerts: an address, a line of text.
    link TEXT,
    note TEXT,
    -- 1: the operator's file of sites says what it is.
    from_file INTEGER NOT NULL DEFAULT 0,
    -- 1: its alerts ping nobody, whatever role its server has.
    quiet INTEGER NOT NULL DEFAULT 0,
    -- 1: how many play there is kept.
    players INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A removed monitor keeps its history but gives its name free.
CREATE UNIQUE INDEX monitor_name ON monitor (guild_id, name_key) WHERE removed_ms IS NULL;

CREATE INDEX monitor_depends_on ON monitor (depends_on) WHERE depends_on IS NOT NULL;

-- Planned work, for one monitor, those with a tag or (both NULL) all of the server. Times are the wall clock's in that zone.
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
    tag TEXT,
    from_file INTEGER NOT NULL DEFAULT 0,
    CHECK ((days = '') = (date IS NOT NULL)),
    CHECK ((ends IS NULL) = (length_s IS NOT NULL))
) STRICT;

CREATE INDEX maintenance_live ON maintenance_window (guild_id) WHERE ended_ms IS NULL;

-- Where the job of a push monitor calls, as the SHA-256 of its secret; when it last did.
-- started_ms: it said that it starts, and not yet that it ended. body: what it said last.
CREATE TABLE push (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    token BLOB NOT NULL UNIQUE,
    beat_ms INTEGER,
    started_ms INTEGER,
    body TEXT,
    body_ms INTEGER
) STRICT;

-- The judge's state: rewritten all the time, so apart from the settings.
CREATE TABLE judge_state (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id),
    state TEXT NOT NULL
) STRICT;

-- Which ends of its certificate a monitor was warned of, as the rule of the warnings wrote it.
CREATE TABLE certificate (
    monitor_id INTEGER PRIMARY KEY REFERENCES monitor (id) ON DELETE CASCADE,
    warned TEXT NOT NULL
) STRICT;

CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id TEXT NOT NULL UNIQUE,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    monitor_id INTEGER NOT NULL REFERENCES monitor (id),
    -- Where it is sent, fixed at the opening; NULL: the server has no alert channel.
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
    -- 1: a mute or a maintenance window kept its message back; it is sent after that if still bad.
    silenced INTEGER NOT NULL DEFAULT 0,
    -- What its site may share with others: where it last answered from, its certificate's end.
    address TEXT,
    certificate_ms INTEGER,
    -- Who sees it from where, as JSON (failing, through, silent); NULL: nobody else was asked.
    places TEXT,
    -- Good rounds in a row, how many the all-clear needs, and when it comes if nothing fails (NULL:
    -- it is not recovering).
    good_rounds INTEGER NOT NULL DEFAULT 0,
    good_needed INTEGER NOT NULL DEFAULT 0,
    clear_by_ms INTEGER,
    -- How often it failed again while it was recovering.
    relapses INTEGER NOT NULL DEFAULT 0,
    -- The share that is said to get through: it stays until another is clearly nearer.
    share_said REAL
) STRICT;

CREATE UNIQUE INDEX incident_open ON incident (monitor_id) WHERE resolved_ms IS NULL;
CREATE INDEX incident_history ON incident (guild_id, opened_ms);
-- The open ones alone, for reminders and for a server that comes back.
CREATE INDEX incident_unresolved ON incident (guild_id) WHERE resolved_ms IS NULL;
CREATE INDEX incident_of_monitor ON incident (monitor_id, since_ms);

-- How an incident showed itself, and since when: history counts "down" apart from "unstable".
-- The two triggers below write it, nothing else.
CREATE TABLE incident_stage (
    incident_id INTEGER NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    from_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (incident_id, from_ms)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER incident_begins AFTER INSERT ON incident BEGIN
    INSERT INTO incident_stage (incident_id, from_ms, kind) VALUES (new.id, new.since_ms, new.kind);
END;

-- A kind changes at a failed check.
CREATE TRIGGER incident_changes AFTER UPDATE OF kind ON incident WHEN old.kind <> new.kind BEGIN
    INSERT OR REPLACE INTO incident_stage (incident_id, from_ms, kind)
    VALUES (new.id, max(coalesce(new.last_failed_ms, 0), new.since_ms), new.kind);
END;

-- Who asked to be notified when it is back, and who says "me too".
CREATE TABLE follower (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tell_me', 'me_too')),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (incident_id, user_id, kind)
) STRICT, WITHOUT ROWID;

-- One Discord message about one or more incidents. message_id is NULL until it is posted.
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
-- channel_id: where; a negative one is a server (its id), to be notified wherever it can be reached.
-- kind: open | ping | escalate | edit | answers | close | reminder | notice
-- state: pending | sending (Discord may have it already) | sent | dead | superseded
-- lead_id: the first row of the message this one is sent with, message_kind: what that message is;
-- both are set when the row is claimed.
-- nonce: of the message, drawn when its rows are claimed and kept until its outcome is known.
-- sent_lines: on the leading row, as JSON: a message whose answer was lost is found by them.
CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    channel_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    incident_id INTEGER REFERENCES incident (id),
    post_id INTEGER REFERENCES post (id),
    payload TEXT,
    state TEXT NOT NULL DEFAULT 'pending',
    lead_id INTEGER,
    message_kind TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    first_try_ms INTEGER,
    last_try_ms INTEGER,
    message_id INTEGER,
    last_error TEXT,
    nonce TEXT,
    sent_lines TEXT
) STRICT;

CREATE INDEX notification_due ON notification (channel_id, id) WHERE state IN ('pending', 'sending');
CREATE INDEX notification_of_post ON notification (post_id) WHERE post_id IS NOT NULL;
-- Reminders look at an incident's work every minute.
CREATE INDEX notification_of_incident ON notification (incident_id, kind)
    WHERE incident_id IS NOT NULL;
-- The doctor looks up what was sent and given up.
CREATE INDEX notification_sent ON notification (guild_id, last_try_ms) WHERE state = 'sent';
CREATE INDEX notification_dead ON notification (guild_id, id) WHERE state = 'dead';
-- What is due where, read from the index alone.
CREATE INDEX notification_waiting
    ON notification (channel_id, guild_id, not_before_ms, created_ms, state, kind)
    WHERE state IN ('pending', 'sending');
-- Each incident is opened, escalated and closed once per channel, whatever happens.
CREATE UNIQUE INDEX notification_once ON notification (incident_id, channel_id, kind)
    WHERE kind IN ('open', 'escalate', 'answers', 'close');
-- Edits show the newest truth, so one waiting edit of a post is enough.
-- Each incident calls once when nobody acknowledges it.
CREATE UNIQUE INDEX notification_call ON notification (incident_id) WHERE kind = 'call';
CREATE UNIQUE INDEX notification_edit ON notification (post_id)
    WHERE kind = 'edit' AND state = 'pending';

-- Channels that refuse us: left alone until then, their rows wait.
CREATE TABLE blocked_channel (
    channel_id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guild (id),
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- One row a check, kept apart for some hours until it is packed; cause is NULL when it succeeded.
-- Clustered by time, so that storing appends: by monitor every row would touch its own page.
CREATE TABLE result (
    at_ms INTEGER NOT NULL,
    monitor_id INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    cause TEXT,
    PRIMARY KEY (at_ms, monitor_id)
) STRICT, WITHOUT ROWID;

-- All checks of one monitor in one hour (hours since 1970), as bot/db/results.py packs them.
CREATE TABLE packed (
    monitor_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    checks BLOB NOT NULL,
    PRIMARY KEY (monitor_id, hour)
) STRICT, WITHOUT ROWID;

-- What an hour, and a day (days since 1970, UTC), came to. p50 and p95 are of successful checks.
-- Not watched is whatever watched_s leaves; last_s: when in the hour the last check was.
CREATE TABLE hourly (
    monitor_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    count INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    p50_ms INTEGER,
    p95_ms INTEGER,
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
    watched_s INTEGER NOT NULL,
    down_s INTEGER NOT NULL,
    unstable_s INTEGER NOT NULL,
    PRIMARY KEY (monitor_id, day)
) STRICT, WITHOUT ROWID;

-- Time in which nothing was watched: neither up nor down.
CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX gap_by_time ON gap (until_ms, from_ms);

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
    removed_ms INTEGER,
    -- The tag whose monitors alone it shows; NULL: all of the server.
    tag TEXT,
    title TEXT,
    -- 1: its monitors stand in groups, by the first tag of each.
    grouped INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX board_of_guild ON board (guild_id);

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

-- How many play on game servers whose pictures show it, by the hour (hours since 1970): of so many
-- checks the sum and the highest.
CREATE TABLE players (
    monitor_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    checks INTEGER NOT NULL,
    players INTEGER NOT NULL,
    most INTEGER NOT NULL,
    PRIMARY KEY (monitor_id, hour)
) STRICT, WITHOUT ROWID;
