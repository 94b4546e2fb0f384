-- 1: everybody in a server may know a monitor's name and state, whoever sees its alert channel.
ALTER TABLE monitor ADD COLUMN public INTEGER NOT NULL DEFAULT 0;
