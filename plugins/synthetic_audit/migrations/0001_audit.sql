-- Who did what to the store, one row an operation. Each row's hash covers all its columns and the hash before it, so
-- that a row that is changed, removed or put in by hand shows.
CREATE TABLE audit_log (
    seq INTEGER NOT NULL PRIMARY KEY CHECK (seq >= 1),
    occurred_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('MUTATION', 'COMMAND', 'ACCESS')),
    name TEXT NOT NULL CHECK (length(name) >= 1),
    actor TEXT NOT NULL CHECK (length(actor) >= 1),
    entity_type TEXT CHECK (length(entity_type) >= 1),
    entity_id TEXT CHECK (length(entity_id) >= 1),
    outcome TEXT NOT NULL CHECK (outcome IN ('BEGUN', 'DONE', 'FAILED', 'REFUSED')),
    code TEXT CHECK (length(code) >= 1),
    message TEXT,
    details TEXT NOT NULL CHECK (json_valid(details) AND json_type(details) = 'object'),
    correlation_id TEXT NOT NULL,
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    CHECK ((outcome IN ('BEGUN', 'DONE')) = (code IS NULL))
) STRICT;

-- Each list is in the order (occurred_at, seq), in which seq, the rowid, is the end of every index. All of them are
-- paid for by every mutation; what is rare in the log has an index of its rare values alone. There is none by the type
-- of the entity: it is asked for together with the id, and the names of mutations tell it too.
CREATE INDEX audit_log_by_occurred_at ON audit_log (occurred_at);
CREATE INDEX audit_log_by_actor ON audit_log (actor, occurred_at);
CREATE INDEX audit_log_by_name ON audit_log (name, occurred_at);
CREATE INDEX audit_log_by_entity_id ON audit_log (entity_id, occurred_at) WHERE entity_id IS NOT NULL;
CREATE INDEX audit_log_by_correlation_id ON audit_log (correlation_id, occurred_at);
CREATE INDEX audit_log_by_kind ON audit_log (kind, occurred_at) WHERE kind <> 'MUTATION';
CREATE INDEX audit_log_by_outcome ON audit_log (outcome, occurred_at) WHERE outcome <> 'DONE';
CREATE INDEX audit_log_by_code ON audit_log (code, occurred_at) WHERE code IS NOT NULL;

-- Where the chain begins, which retention moves, and where it ends, so that a first or last row that is gone shows too.
CREATE TABLE audit_chain (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The first row that should be there, and the hash before it: of the last row that retention deleted.
    first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
    start_hash BLOB NOT NULL CHECK (length(start_hash) = 32),
    -- The last row that was written, whether or not it is still there.
    last_seq INTEGER NOT NULL CHECK (last_seq >= first_seq - 1),
    last_hash BLOB NOT NULL CHECK (length(last_hash) = 32)
) STRICT;

INSERT INTO audit_chain (id, first_seq, start_hash, last_seq, last_hash) VALUES (1, 1, zeroblob(32), 0, zeroblob(32));
