-- What may be a secret goes with its monitor, old rows included: values of request headers, the
-- texts searched, and of addresses all but scheme and host. bot/db/monitors.py does it from now on.
PRAGMA secure_delete = ON;

UPDATE monitor SET headers = '[]', contains = NULL, not_contains = NULL,
    url = iif(instr(substr(url, instr(url, '://') + 3), '/') > 0,
        substr(url, 1, instr(url, '://') + 1 + instr(substr(url, instr(url, '://') + 3), '/')), url)
WHERE removed_ms IS NOT NULL;

-- It names the address it was seen at.
DELETE FROM certificate WHERE monitor_id IN (SELECT id FROM monitor WHERE removed_ms IS NOT NULL);

UPDATE change SET before = NULL, after = NULL
WHERE field IN ('contains', 'not_contains')
    AND monitor_id IN (SELECT id FROM monitor WHERE removed_ms IS NOT NULL);

UPDATE change SET
    before = iif(instr(substr(before, instr(before, '://') + 3), '/') > 0, substr(before, 1,
        instr(before, '://') + 1 + instr(substr(before, instr(before, '://') + 3), '/')), before),
    after = iif(instr(substr(after, instr(after, '://') + 3), '/') > 0, substr(after, 1,
        instr(after, '://') + 1 + instr(substr(after, instr(after, '://') + 3), '/')), after)
WHERE field IN ('url', 'added', 'imported')
    AND monitor_id IN (SELECT id FROM monitor WHERE removed_ms IS NOT NULL);

-- Reminders look at an incident's work every minute; gaps are looked up by time.
CREATE INDEX notification_of_incident ON notification (incident_id, kind)
    WHERE incident_id IS NOT NULL;
CREATE INDEX gap_by_time ON gap (until_ms, from_ms);

-- The open ones alone, for reminders and for a server that comes back.
CREATE INDEX incident_unresolved ON incident (guild_id) WHERE resolved_ms IS NULL;

-- Never written nor read.
ALTER TABLE memory DROP COLUMN latest;
