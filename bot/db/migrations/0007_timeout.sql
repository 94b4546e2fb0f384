-- How long one check of a monitor may take, in seconds.
ALTER TABLE monitor ADD COLUMN timeout_s INTEGER NOT NULL DEFAULT 10;
