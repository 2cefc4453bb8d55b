-- Work that failed for good. The status decides which instants are there, so that a
-- wrong state cannot be stored.
CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    -- In the order of arrival: letters of one key are retried in it.
    seq INTEGER NOT NULL UNIQUE CHECK (seq >= 1),
    source TEXT NOT NULL CHECK (length(source) BETWEEN 1 AND 200),
    -- What must be done in order: letters of one source with the same key.
    key TEXT CHECK (length(key) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    -- What failed.
    entity_type TEXT CHECK (length(entity_type) BETWEEN 1 AND 200),
    entity_id TEXT CHECK (length(entity_id) BETWEEN 1 AND 500),
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    -- What the payload was before it was edited for the first time.
    original_payload TEXT CHECK (json_valid(original_payload)),
    -- The last failure, in the shape of the error contract, and its code.
    error TEXT NOT NULL CHECK (json_valid(error) AND json_type(error) = 'object'),
    code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
    fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'),
    attempts INTEGER NOT NULL CHECK (attempts >= 1),
    retries INTEGER NOT NULL CHECK (retries >= 0),
    first_failed_at INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL,
    next_retry_at INTEGER,
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'RETRYING', 'RESOLVED', 'DISCARDED')),
    -- The retry under way, or the last one: when it began, when it is given up, and what came of it.
    retry_started_at INTEGER,
    retry_expires_at INTEGER,
    retry_entity_type TEXT CHECK (length(retry_entity_type) BETWEEN 1 AND 200),
    retry_entity_id TEXT CHECK (length(retry_entity_id) BETWEEN 1 AND 500),
    redrive_id TEXT,
    edited_at INTEGER,
    edited_by TEXT,
    resolution TEXT CHECK (length(resolution) >= 1),
    ended_at INTEGER,
    ended_by TEXT,
    created_at INTEGER NOT NULL,
    CHECK (first_failed_at <= last_failed_at),
    CHECK ((entity_type IS NULL) = (entity_id IS NULL)),
    CHECK ((retry_entity_type IS NULL) = (retry_entity_id IS NULL)),
    CHECK ((status IN ('RESOLVED', 'DISCARDED')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK (ended_at IS NOT NULL OR resolution IS NULL),
    CHECK ((status = 'RETRYING') = (retry_expires_at IS NOT NULL)),
    CHECK (status <> 'RETRYING' OR retry_started_at IS NOT NULL),
    CHECK (status = 'PENDING' OR next_retry_at IS NULL),
    CHECK ((edited_at IS NULL) = (edited_by IS NULL)),
    CHECK ((edited_at IS NULL) = (original_payload IS NULL))
) STRICT;

-- One thing that failed has one letter that is dealt with.
CREATE UNIQUE INDEX dead_letters_by_entity_open ON dead_letters (source, entity_type, entity_id)
WHERE status IN ('PENDING', 'RETRYING') AND entity_id IS NOT NULL;
CREATE INDEX dead_letters_by_retry_open ON dead_letters (retry_entity_type, retry_entity_id)
WHERE status = 'RETRYING' AND retry_entity_id IS NOT NULL;
CREATE INDEX dead_letters_by_key_open ON dead_letters (source, key, seq)
WHERE status IN ('PENDING', 'RETRYING') AND key IS NOT NULL;
CREATE INDEX dead_letters_by_next_retry_at ON dead_letters (source, next_retry_at, seq) WHERE next_retry_at IS NOT NULL;
CREATE INDEX dead_letters_by_redrive_id_open ON dead_letters (redrive_id) WHERE status = 'RETRYING';
CREATE INDEX dead_letters_by_retry_expires_at ON dead_letters (retry_expires_at) WHERE retry_expires_at IS NOT NULL;
CREATE INDEX dead_letters_by_ended_at ON dead_letters (ended_at, id) WHERE ended_at IS NOT NULL;

-- Lists and redrives. Each ends in the order of arrival.
CREATE INDEX dead_letters_by_status ON dead_letters (status, seq);
CREATE INDEX dead_letters_by_source ON dead_letters (source, status, seq);
CREATE INDEX dead_letters_by_fingerprint ON dead_letters (fingerprint, status, seq);
CREATE INDEX dead_letters_by_construct_id ON dead_letters (construct_id, seq) WHERE construct_id IS NOT NULL;
CREATE INDEX dead_letters_by_key ON dead_letters (key, seq) WHERE key IS NOT NULL;
CREATE INDEX dead_letters_by_entity ON dead_letters (entity_type, entity_id, seq) WHERE entity_id IS NOT NULL;
CREATE INDEX dead_letters_by_retry ON dead_letters (retry_entity_type, retry_entity_id, seq)
WHERE retry_entity_id IS NOT NULL;

-- Letters that are retried one after the other, at a rate.
CREATE TABLE dead_letter_redrives (
    id TEXT NOT NULL PRIMARY KEY,
    filter TEXT NOT NULL CHECK (json_valid(filter) AND json_type(filter) = 'object'),
    rate_per_second REAL NOT NULL CHECK (rate_per_second > 0),
    status TEXT NOT NULL CHECK (status IN ('RUNNING', 'DONE', 'CANCELLED')),
    -- Letters that came later are left alone.
    through_seq INTEGER NOT NULL CHECK (through_seq >= 0),
    -- How far this pass has come, and what the passes before it and this one have retried.
    cursor_seq INTEGER NOT NULL CHECK (cursor_seq >= 0),
    pass_retried INTEGER NOT NULL CHECK (pass_retried >= 0),
    matched INTEGER NOT NULL CHECK (matched >= 0),
    retried INTEGER NOT NULL CHECK (retried >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    -- From when on, and from how many on, the rate is counted.
    paced_from_at INTEGER NOT NULL,
    paced_from_count INTEGER NOT NULL CHECK (paced_from_count >= 0),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    ended_at INTEGER,
    CHECK ((status = 'RUNNING') = (ended_at IS NULL))
) STRICT;

CREATE INDEX dead_letter_redrives_by_created_at ON dead_letter_redrives (created_at, id);
CREATE INDEX dead_letter_redrives_by_running ON dead_letter_redrives (created_at, id) WHERE ended_at IS NULL;
CREATE INDEX dead_letter_redrives_by_ended_at ON dead_letter_redrives (ended_at, id) WHERE ended_at IS NOT NULL;
