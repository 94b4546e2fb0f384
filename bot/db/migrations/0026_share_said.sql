-- The share that is said of an incident's checks: it stays until another is clearly nearer.
ALTER TABLE incident ADD COLUMN share_said REAL;
