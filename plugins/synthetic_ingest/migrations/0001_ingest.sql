-- The files that were read, and how far. A row advances in the transaction of
-- the messages that it covers, so what is stored and how far a file has been
-- read never differ.
CREATE TABLE ingest_files (
    id TEXT NOT NULL PRIMARY KEY,
    path TEXT NOT NULL CHECK (length(path) >= 1),
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    format TEXT NOT NULL CHECK (length(format) >= 1),
    compression TEXT NOT NULL CHECK (compression IN ('NONE', 'GZIP', 'ZSTD')),
    -- READING: not at its end yet (a reader is at work, or was stopped). PARTIAL: at its end but for a line
    -- that is not complete. REPLACED: another file stands at its path now.
    state TEXT NOT NULL CHECK (state IN ('READING', 'READ', 'PARTIAL', 'FAILED', 'REPLACED')),
    problem TEXT,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    modified_at INTEGER NOT NULL CHECK (modified_at >= 0),
    -- Counted in unpacked bytes.
    offset_bytes INTEGER NOT NULL CHECK (offset_bytes >= 0),
    line_count INTEGER NOT NULL CHECK (line_count >= 0),
    message_count INTEGER NOT NULL CHECK (message_count >= 0),
    reject_count INTEGER NOT NULL CHECK (reject_count >= 0),
    head_bytes INTEGER NOT NULL CHECK (head_bytes >= 0),
    head_hash BLOB NOT NULL,
    tail_hash BLOB NOT NULL,
    session_id TEXT REFERENCES sessions (id),
    transcript_id TEXT REFERENCES transcripts (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((state = 'FAILED') = (problem IS NOT NULL)),
    CHECK ((session_id IS NULL) = (transcript_id IS NULL)),
    CHECK (message_count = 0 OR transcript_id IS NOT NULL)
) STRICT;

-- One file stands at a path; the ones that stood there before are REPLACED until they are met elsewhere.
CREATE UNIQUE INDEX ingest_files_by_path ON ingest_files (path) WHERE state <> 'REPLACED';
CREATE INDEX ingest_files_by_device_and_inode ON ingest_files (device, inode);
CREATE INDEX ingest_files_by_head_hash ON ingest_files (head_hash);
CREATE INDEX ingest_files_by_state ON ingest_files (state, path, id);
-- Pages are in this order, REPLACED ones included.
CREATE INDEX ingest_files_by_path_and_id ON ingest_files (path, id);
CREATE INDEX ingest_files_by_session_id ON ingest_files (session_id);
CREATE INDEX ingest_files_by_transcript_id ON ingest_files (transcript_id);

-- Lines that could not be read. A file keeps a bounded number of them, and counts the rest.
CREATE TABLE ingest_rejects (
    id TEXT NOT NULL PRIMARY KEY,
    file_id TEXT NOT NULL REFERENCES ingest_files (id),
    line_number INTEGER NOT NULL CHECK (line_number >= 1),
    offset_bytes INTEGER NOT NULL CHECK (offset_bytes >= 0),
    length_bytes INTEGER NOT NULL CHECK (length_bytes >= 0),
    reason TEXT NOT NULL CHECK (length(reason) >= 1),
    excerpt TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX ingest_rejects_by_file_id ON ingest_rejects (file_id, offset_bytes);
