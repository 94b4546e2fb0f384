-- What the operator's file of sites says: monitors, windows, and which settings of a server.
ALTER TABLE monitor ADD COLUMN from_file INTEGER NOT NULL DEFAULT 0;
ALTER TABLE maintenance_window ADD COLUMN from_file INTEGER NOT NULL DEFAULT 0;
ALTER TABLE guild ADD COLUMN file_keys TEXT NOT NULL DEFAULT '[]';
