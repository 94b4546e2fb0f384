-- What the alerts of a monitor show to whoever mends it: an address, a line of text.
ALTER TABLE monitor ADD COLUMN link TEXT;
ALTER TABLE monitor ADD COLUMN note TEXT;
