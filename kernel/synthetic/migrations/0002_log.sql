-- The log of what happened: positions strictly increase in the order of
-- commits and are never used again. The epoch says which history a position
-- is of; a store that was restored begins another one.

INSERT INTO meta (key, value) VALUES ('epoch', lower(hex(randomblob(5))));

CREATE TABLE domain_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    module TEXT NOT NULL,
    construct_id TEXT,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    actor TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    causation_id TEXT,
    occurred_at_utc INTEGER NOT NULL,
    ingested_at_utc INTEGER NOT NULL
) STRICT;

-- Each index ends with the position, as every index of SQLite does.
CREATE INDEX domain_events_by_entity ON domain_events (entity_id, entity_type);
CREATE INDEX domain_events_by_construct ON domain_events (construct_id) WHERE construct_id IS NOT NULL;
CREATE INDEX domain_events_by_type ON domain_events (type);
