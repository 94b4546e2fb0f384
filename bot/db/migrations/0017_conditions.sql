-- Sent by POST; a JMESPath expression and headers that an answer has to meet.
ALTER TABLE monitor ADD COLUMN body TEXT;
ALTER TABLE monitor ADD COLUMN json TEXT;
ALTER TABLE monitor ADD COLUMN header_is TEXT NOT NULL DEFAULT '[]';
