-- Where events are posted, and what is posted. The status of a delivery decides
-- what else is known of it, so that a wrong state cannot be stored.
CREATE TABLE delivery_targets (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 8 AND 2000),
    -- As Standard Webhooks writes it; each request is signed with it, so it is kept as it is.
    secret TEXT NOT NULL CHECK (secret GLOB 'whsec_*'),
    -- Lists of texts; an empty one says nothing.
    event_types TEXT NOT NULL CHECK (json_valid(event_types) AND json_type(event_types) = 'array'),
    construct_ids TEXT NOT NULL CHECK (json_valid(construct_ids) AND json_type(construct_ids) = 'array'),
    allow_private INTEGER NOT NULL CHECK (allow_private IN (0, 1)),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    disabled_reason TEXT,
    -- Up to where the log was looked at for it.
    followed_position INTEGER NOT NULL CHECK (followed_position >= 0),
    -- Failed attempts since the last one that succeeded, and what follows from them.
    failures INTEGER NOT NULL CHECK (failures >= 0),
    opened_at INTEGER,
    closed_until_at INTEGER,
    last_success_at INTEGER,
    last_error TEXT CHECK (json_valid(last_error)),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (enabled = 0 OR disabled_reason IS NULL),
    CHECK ((opened_at IS NULL) = (closed_until_at IS NULL)),
    CHECK (opened_at IS NULL OR failures >= 1)
) STRICT;

CREATE INDEX delivery_targets_by_created_at ON delivery_targets (created_at, id);

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    target_id TEXT NOT NULL REFERENCES delivery_targets (id),
    -- What a receiver knows the message by: that of a delivery which is sent again stays.
    webhook_id TEXT NOT NULL CHECK (length(webhook_id) BETWEEN 1 AND 200 AND webhook_id NOT GLOB '*[^!-~]*'),
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    construct_id TEXT,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    -- Of the event; of what is sent again, the head of the log at that time. It gives the order.
    position INTEGER NOT NULL CHECK (position >= 0),
    body TEXT NOT NULL CHECK (json_valid(body)),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    -- Only of what is the next of its entity; what waits behind it has none.
    next_attempt_at INTEGER,
    last_attempt_at INTEGER,
    last_status_code INTEGER,
    last_error TEXT CHECK (json_valid(last_error)),
    resend_of TEXT,
    dead_letter_id TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((status = 'PENDING') = (ended_at IS NULL)),
    CHECK (status = 'PENDING' OR next_attempt_at IS NULL),
    CHECK (status <> 'DELIVERED' OR (attempts >= 1 AND last_error IS NULL)),
    CHECK (status <> 'FAILED' OR last_error IS NOT NULL),
    CHECK (status = 'FAILED' OR dead_letter_id IS NULL),
    CHECK ((attempts = 0) = (last_attempt_at IS NULL))
) STRICT;

-- Lists: each ends in their order.
CREATE INDEX deliveries_by_created_at ON deliveries (created_at, id);
CREATE INDEX deliveries_by_target_id ON deliveries (target_id, created_at, id);
CREATE INDEX deliveries_by_status ON deliveries (status, created_at, id);
CREATE INDEX deliveries_by_construct_id ON deliveries (construct_id, created_at, id) WHERE construct_id IS NOT NULL;
CREATE INDEX deliveries_by_event_id ON deliveries (event_id, created_at, id);

-- What waits for its turn behind others of its entity, and what is due.
CREATE INDEX deliveries_by_entity ON deliveries (target_id, entity_type, entity_id, position, id)
WHERE status = 'PENDING';
CREATE INDEX deliveries_by_target_id_pending ON deliveries (target_id, created_at, id) WHERE status = 'PENDING';
CREATE INDEX deliveries_by_next_attempt_at ON deliveries (target_id, next_attempt_at, position)
WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_by_ended_at ON deliveries (status, ended_at, id);
