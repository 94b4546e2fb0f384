ALTER TABLE monitor ADD COLUMN players INTEGER NOT NULL DEFAULT 0;
-- How many play on game servers whose pictures show it, by the hour (hours since 1970): of so many
-- checks the sum and the highest.
CREATE TABLE players (
    monitor_id INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    checks INTEGER NOT NULL,
    players INTEGER NOT NULL,
    most INTEGER NOT NULL,
    PRIMARY KEY (monitor_id, hour)
) STRICT, WITHOUT ROWID;
