-- Names in the words of the field.
ALTER TABLE notification RENAME COLUMN batch TO lead_id;
ALTER TABLE notification RENAME COLUMN verb TO message_kind;
ALTER TABLE notification RENAME COLUMN said TO sent_lines;
