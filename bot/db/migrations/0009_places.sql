-- Who sees an incident from where, as JSON (failing, through, silent); NULL: nobody else was asked.
ALTER TABLE incident ADD COLUMN places TEXT;
-- The only place a monitor is seen from; NULL: all of them.
ALTER TABLE monitor ADD COLUMN place TEXT;
