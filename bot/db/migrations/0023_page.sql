-- 1: the server's status page is public.
ALTER TABLE guild ADD COLUMN page INTEGER NOT NULL DEFAULT 0;
