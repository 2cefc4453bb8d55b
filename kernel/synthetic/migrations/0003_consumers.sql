-- Who follows the log, and how far each has come. `position` is that of what
-- is being answered from; a rebuild has positions of its own until it is done.

CREATE TABLE consumers (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('FOLD', 'MIRROR')),
    -- Of the events that concern it, so that its lag is known without its plugin.
    types TEXT NOT NULL CHECK (json_valid(types) AND json_type(types) = 'array'),
    -- Its tables, so that what it leaves is found without its plugin.
    tables TEXT NOT NULL CHECK (json_valid(tables) AND json_type(tables) = 'array'),
    -- Of the code that made what is being answered from; empty: nothing has.
    fingerprint TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    phase TEXT NOT NULL CHECK (phase IN ('FOLLOWING', 'REBUILDING', 'FAILED')),
    -- The event that it could not take in; none where something else is in its way.
    failed_position INTEGER,
    error TEXT CHECK (json_valid(error)),
    failed_at INTEGER,
    rebuild_fingerprint TEXT,
    rebuild_started_at INTEGER,
    -- Events up to here are in the rebuild; those up to `rebuild_to` were there when it began.
    rebuild_through INTEGER,
    rebuild_to INTEGER,
    -- A mirror's: how far it has scanned, once it has begun to.
    rebuild_cursor TEXT,
    requested TEXT CHECK (requested IN ('RETRY', 'RESUME', 'REBUILD')),
    requested_at INTEGER,
    set_aside INTEGER NOT NULL DEFAULT 0 CHECK (set_aside >= 0),
    last_attempt_at INTEGER,
    last_success_at INTEGER,
    updated_at INTEGER NOT NULL,
    CHECK ((phase = 'FAILED') = (error IS NOT NULL)),
    CHECK ((error IS NULL) = (failed_at IS NULL)),
    CHECK (failed_position IS NULL OR error IS NOT NULL),
    CHECK (phase <> 'REBUILDING' OR rebuild_through IS NOT NULL),
    CHECK (phase <> 'FOLLOWING' OR rebuild_through IS NULL),
    CHECK ((rebuild_through IS NULL) = (rebuild_to IS NULL)),
    CHECK ((rebuild_through IS NULL) = (rebuild_fingerprint IS NULL)),
    CHECK ((rebuild_through IS NULL) = (rebuild_started_at IS NULL)),
    CHECK ((requested IS NULL) = (requested_at IS NULL))
) STRICT, WITHOUT ROWID;

-- What consumers could not take in and went on without. Position 0: an entity
-- that a mirror found while it scanned.
CREATE TABLE set_aside_events (
    consumer TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    event_id TEXT CHECK ((event_id IS NULL) = (position = 0)),
    error TEXT NOT NULL CHECK (json_valid(error)),
    set_aside_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, position, entity_type, entity_id)
) STRICT, WITHOUT ROWID;

-- One lease for all background work takes the place of one for each service.
DELETE FROM leases;
