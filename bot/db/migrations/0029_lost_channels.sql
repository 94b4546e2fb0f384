-- Of each lost channel a server is notified by itself: the outbox knows when that was.
ALTER TABLE guild DROP COLUMN noticed_ms;
