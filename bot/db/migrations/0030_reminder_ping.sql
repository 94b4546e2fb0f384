-- 1: reminders call the role of their sites.
ALTER TABLE guild ADD COLUMN reminder_ping INTEGER NOT NULL DEFAULT 0;
