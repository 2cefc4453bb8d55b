-- Exports and imports: where events come from that happened in another store,
-- and how far imports have come that are not complete.

CREATE TABLE event_origins (
    -- In this log.
    position INTEGER NOT NULL PRIMARY KEY CHECK (position >= 1),
    -- In the log of the store where it happened.
    origin_epoch TEXT NOT NULL,
    origin_position INTEGER NOT NULL CHECK (origin_position >= 1),
    origin_id TEXT NOT NULL,
    origin_ingested_at INTEGER NOT NULL
) STRICT;

-- Whether an event has come already.
CREATE INDEX event_origins_by_origin ON event_origins (origin_epoch, origin_position);

CREATE TABLE imports (
    -- The hash of the export's manifest, which holds that of everything else in it.
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),
    on_conflict TEXT NOT NULL CHECK (on_conflict IN ('FAIL', 'SKIP', 'OVERWRITE', 'RENAME')),
    -- What new ids are made from, so that an import that goes on makes the same ones.
    seed TEXT NOT NULL CHECK (length(seed) = 32),
    -- The plugins whose rows are left out, as a JSON array in order.
    without TEXT NOT NULL CHECK (json_valid(without) AND json_type(without) = 'array'),
    begun_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE imported_units (
    import_id TEXT NOT NULL REFERENCES imports (id),
    unit INTEGER NOT NULL CHECK (unit >= 1),
    -- What came of it, as a JSON object.
    outcome TEXT NOT NULL CHECK (json_valid(outcome) AND json_type(outcome) = 'object'),
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (import_id, unit)
) STRICT, WITHOUT ROWID;

-- Columns that are empty until the row that they name has come, or come back.
CREATE TABLE imported_references (
    import_id TEXT NOT NULL,
    -- Whose outcome counts it.
    unit INTEGER NOT NULL CHECK (unit >= 1),
    table_name TEXT NOT NULL,
    -- Of the row, as a JSON array.
    row_key TEXT NOT NULL CHECK (json_valid(row_key) AND json_type(row_key) = 'array'),
    column_name TEXT NOT NULL,
    -- As a JSON array of one.
    value TEXT NOT NULL CHECK (json_valid(value) AND json_type(value) = 'array'),
    PRIMARY KEY (import_id, table_name, row_key, column_name)
) STRICT, WITHOUT ROWID;
