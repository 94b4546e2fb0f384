-- Good rounds in a row, how many the all-clear needs, and when it comes if nothing fails (NULL: it
-- is not recovering).
ALTER TABLE incident ADD COLUMN good_rounds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN good_needed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN clear_by_ms INTEGER;
