-- Files that are kept for constructs. What was stored never changes; the status
-- decides whether there is an end, so that a wrong state cannot be stored.
CREATE TABLE artifacts (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    construct_id TEXT NOT NULL REFERENCES constructs (id),
    session_id TEXT REFERENCES sessions (id),
    job_id TEXT REFERENCES sync_jobs (id),
    type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200 AND name NOT GLOB '*[/\]*'),
    content_type TEXT NOT NULL CHECK (length(content_type) BETWEEN 1 AND 200),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    stored_bytes INTEGER NOT NULL CHECK (stored_bytes >= 0),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    encoding TEXT NOT NULL CHECK (encoding IN ('IDENTITY', 'ZSTD')),
    -- Of the file, below `artifacts/`.
    path TEXT NOT NULL CHECK (length(path) >= 5),
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    status TEXT NOT NULL CHECK (status IN ('AVAILABLE', 'DELETED', 'MISSING', 'ALTERED')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    deleted_at INTEGER,
    CHECK ((status = 'DELETED') = (deleted_at IS NOT NULL)),
    CHECK (encoding = 'ZSTD' OR stored_bytes = size_bytes)
) STRICT;

CREATE UNIQUE INDEX artifacts_by_path ON artifacts (path);
-- Lists. Each ends in the default order, so that a page of a filtered list is
-- read from one place and nothing is sorted.
CREATE INDEX artifacts_by_created_at ON artifacts (created_at, id);
CREATE INDEX artifacts_by_construct_id ON artifacts (construct_id, created_at, id);
CREATE INDEX artifacts_by_session_id ON artifacts (session_id, created_at, id) WHERE session_id IS NOT NULL;
CREATE INDEX artifacts_by_job_id ON artifacts (job_id, created_at, id) WHERE job_id IS NOT NULL;
CREATE INDEX artifacts_by_type ON artifacts (type, created_at, id);
CREATE INDEX artifacts_by_status ON artifacts (status, created_at, id);
CREATE INDEX artifacts_by_sha256 ON artifacts (sha256, created_at, id);
-- What goes by age.
CREATE INDEX artifacts_by_expires_at ON artifacts (expires_at, id) WHERE expires_at IS NOT NULL;
CREATE INDEX artifacts_by_deleted_at ON artifacts (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- How many files there are and what they take, of each construct and, with an
-- empty id, of all: a quota must not count a million rows.
CREATE TABLE artifact_totals (
    construct_id TEXT NOT NULL PRIMARY KEY,
    files INTEGER NOT NULL CHECK (files >= 0),
    stored_bytes INTEGER NOT NULL CHECK (stored_bytes >= 0)
) STRICT;

-- Files whose row is gone, until they are gone too: committed with the deletion
-- of the row, whoever deletes it.
CREATE TABLE artifact_removals (
    path TEXT NOT NULL PRIMARY KEY
) STRICT;

CREATE TRIGGER artifacts_count_new
AFTER INSERT ON artifacts
BEGIN
    INSERT INTO artifact_totals (construct_id, files, stored_bytes)
    VALUES (NEW.construct_id, 1, NEW.stored_bytes), ('', 1, NEW.stored_bytes)
    ON CONFLICT (construct_id) DO UPDATE
    SET files = files + 1, stored_bytes = stored_bytes + excluded.stored_bytes;
END;

CREATE TRIGGER artifacts_count_gone
AFTER DELETE ON artifacts
BEGIN
    UPDATE artifact_totals SET files = files - 1, stored_bytes = stored_bytes - OLD.stored_bytes
    WHERE construct_id IN (OLD.construct_id, '');
    DELETE FROM artifact_totals WHERE construct_id = OLD.construct_id AND files = 0;
    INSERT INTO artifact_removals (path) VALUES (OLD.path);
END;

CREATE TRIGGER artifacts_keep_content
BEFORE UPDATE OF id, construct_id, type, name, content_type, size_bytes, stored_bytes, sha256, encoding, path, created_at
ON artifacts
BEGIN
    SELECT RAISE(ABORT, 'what was stored as an artifact never changes');
END;
