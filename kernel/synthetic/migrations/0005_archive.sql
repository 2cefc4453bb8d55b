-- Ranges of the log that have left `domain_events`: each is one file in the
-- directory `archive`.

CREATE TABLE log_segments (
    first_position INTEGER NOT NULL PRIMARY KEY CHECK (first_position >= 1),
    last_position INTEGER NOT NULL CHECK (last_position >= first_position),
    events INTEGER NOT NULL CHECK (events >= 1),
    file TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 1),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    archived_at INTEGER NOT NULL
) STRICT;
