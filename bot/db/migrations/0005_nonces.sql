-- The nonce of a message, drawn when its rows are claimed and kept until its outcome is known; on
-- the leading row also the lines it was sent with: by them a message whose answer was lost is found.
ALTER TABLE notification ADD COLUMN nonce TEXT;
ALTER TABLE notification ADD COLUMN said TEXT;

-- The doctor looks up what was sent and given up.
CREATE INDEX notification_sent ON notification (guild_id, last_try_ms) WHERE state = 'sent';
CREATE INDEX notification_dead ON notification (guild_id, id) WHERE state = 'dead';
-- What is due where, read from the index alone.
CREATE INDEX notification_waiting
    ON notification (channel_id, guild_id, not_before_ms, created_ms, state, kind)
    WHERE state IN ('pending', 'sending');
-- Nonces were made of this and the row's number.
DELETE FROM setting WHERE key = 'nonce_salt';
