-- The state of everything that is kept in step with something else: what
-- outside modules report of themselves, what was last published of each
-- module, and the last attempts of each. What consumers do by themselves
-- stands in `consumers`.

CREATE TABLE sync_state (
    module TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('FOLD', 'MIRROR', 'OUTSIDE')),
    expected_interval_ms INTEGER CHECK (expected_interval_ms >= 0),
    cursor TEXT,
    heard_at INTEGER,
    last_attempt_at INTEGER,
    last_success_at INTEGER,
    error TEXT CHECK (json_valid(error)),
    disabled_at INTEGER,
    requested TEXT CHECK (requested IN ('RETRY', 'RESYNC', 'RESUME')),
    requested_at INTEGER,
    told_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    published TEXT CHECK (json_valid(published)),
    published_position INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((published IS NULL) = (published_position IS NULL)),
    CHECK ((requested IS NULL) = (requested_at IS NULL)),
    CHECK (told_at IS NULL OR requested IS NOT NULL),
    CHECK (heard_at IS NULL OR last_attempt_at IS NOT NULL),
    CHECK (disabled_at IS NULL OR heard_at IS NULL),
    CHECK (
        kind = 'OUTSIDE'
        OR coalesce(expected_interval_ms, cursor, heard_at, last_attempt_at, last_success_at, error, disabled_at,
            requested) IS NULL
    )
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_attempts (
    module TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    id TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'ABANDONED')),
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    units INTEGER NOT NULL DEFAULT 0 CHECK (units >= 0),
    runs INTEGER NOT NULL DEFAULT 1 CHECK (runs >= 1),
    cursor TEXT,
    requested TEXT CHECK (requested IN ('RETRY', 'RESYNC', 'RESUME')),
    error TEXT CHECK (json_valid(error)),
    PRIMARY KEY (module, number),
    UNIQUE (module, id),
    CHECK ((outcome = 'RUNNING') = (ended_at IS NULL)),
    CHECK ((outcome = 'FAILED') = (error IS NOT NULL))
) STRICT, WITHOUT ROWID;
