-- Whom to call when nobody acknowledges an incident for so long (0: nobody), and where (NULL:
-- beside its alert). Each incident calls once.
ALTER TABLE guild ADD COLUMN escalate_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guild ADD COLUMN escalate_role_id INTEGER;
ALTER TABLE guild ADD COLUMN escalate_channel_id INTEGER;
CREATE UNIQUE INDEX notification_call ON notification (incident_id) WHERE kind = 'call';
