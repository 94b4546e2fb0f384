-- The tag whose monitors alone a board shows; NULL: all of the server.
ALTER TABLE board ADD COLUMN tag TEXT;
