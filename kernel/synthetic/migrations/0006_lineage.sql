-- What happened in a construct, in the order of time: for pages of a timeline
-- that cost the same wherever they begin.
CREATE INDEX domain_events_by_construct_time ON domain_events (construct_id, occurred_at_utc)
WHERE construct_id IS NOT NULL;

-- When the last rebuild ended: what was compared before says nothing of what was made then.
ALTER TABLE consumers ADD COLUMN rebuilt_at INTEGER;

-- What came of comparing each fold with the log, last.
CREATE TABLE drift_checks (
    consumer TEXT NOT NULL PRIMARY KEY,
    scope TEXT CHECK (scope IN ('SAMPLE', 'WHOLE')),
    -- The fold's tables were compared as they were at this position.
    position INTEGER CHECK (position >= 0),
    rows INTEGER NOT NULL DEFAULT 0 CHECK (rows >= 0),
    -- Rows that could not be compared: they are made from too much, or from what is not in the log any more.
    skipped INTEGER NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    -- Rows that differ from what the log makes of them, as far as is known.
    differing INTEGER NOT NULL DEFAULT 0 CHECK (differing >= 0),
    checked_at INTEGER,
    took_ms INTEGER CHECK (took_ms >= 0),
    -- Of the rows of each table as the log makes them, by a comparison of the whole fold: a JSON object.
    hashes TEXT CHECK (json_valid(hashes)),
    -- Why the last comparison could not be carried out.
    error TEXT CHECK (json_valid(error)),
    requested_at INTEGER,
    -- How far each table was sampled: a JSON object of keys.
    cursors TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(cursors)),
    CHECK ((scope IS NULL) = (position IS NULL)),
    CHECK (scope IS NULL OR checked_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- The rows that differ: the first of each fold.
CREATE TABLE drift_rows (
    consumer TEXT NOT NULL,
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    difference TEXT NOT NULL CHECK (difference IN ('ALTERED', 'MISSING', 'UNFOUNDED')),
    found_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, table_name, row_key)
) STRICT, WITHOUT ROWID;
