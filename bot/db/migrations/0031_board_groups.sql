ALTER TABLE board ADD COLUMN title TEXT;
-- 1: its monitors stand in groups, by the first tag of each.
ALTER TABLE board ADD COLUMN grouped INTEGER NOT NULL DEFAULT 0;
