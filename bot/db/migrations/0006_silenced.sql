-- Whether "down" was ever sent is known to the judge's state alone.
ALTER TABLE incident DROP COLUMN told_down;
ALTER TABLE incident RENAME COLUMN withheld TO silenced;
