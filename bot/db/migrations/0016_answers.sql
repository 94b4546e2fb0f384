-- How often an incident failed again while it was recovering. Who asked for it is told once, before
-- the all-clear, that the site answers again.
ALTER TABLE incident ADD COLUMN relapses INTEGER NOT NULL DEFAULT 0;
DROP INDEX notification_once;
CREATE UNIQUE INDEX notification_once ON notification (incident_id, channel_id, kind)
    WHERE kind IN ('open', 'escalate', 'answers', 'close');
