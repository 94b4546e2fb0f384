-- The monitor another one is reached through.
ALTER TABLE monitor ADD COLUMN depends_on INTEGER;
CREATE INDEX monitor_depends_on ON monitor (depends_on) WHERE depends_on IS NOT NULL;
