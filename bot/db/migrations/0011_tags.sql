-- Words that several monitors share, as a JSON list; where alerts of those go, and maintenance of
-- all that have one.
ALTER TABLE monitor ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE guild ADD COLUMN tag_alerts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE maintenance_window ADD COLUMN tag TEXT;
