-- 1: alerts of a monitor ping nobody, whatever role its server has.
ALTER TABLE monitor ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;
