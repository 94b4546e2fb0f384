-- Names in the words of the field; columns that nobody reads go.
ALTER TABLE memory RENAME TO judge_state;
ALTER TABLE judge_state RENAME COLUMN judge TO state;
ALTER TABLE parked RENAME TO blocked_channel;
ALTER TABLE certificate RENAME COLUMN told TO warned;
ALTER TABLE follower RENAME COLUMN wish TO kind;
ALTER TABLE packed RENAME COLUMN tries TO checks;
ALTER TABLE gap DROP COLUMN reason;
ALTER TABLE hourly DROP COLUMN max_ms;
ALTER TABLE daily DROP COLUMN max_ms;
