-- Transcripts: their unsealed tails, message by message, and what is sealed, as
-- compressed stretches. The other tables name a transcript by `key`, a small
-- integer, because a transcript may have a hundred thousand rows in them.

CREATE TABLE transcripts (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    source TEXT,
    title TEXT,
    message_count INTEGER NOT NULL DEFAULT 0,
    kind_text INTEGER NOT NULL DEFAULT 0 CHECK (kind_text >= 0),
    kind_thinking INTEGER NOT NULL DEFAULT 0 CHECK (kind_thinking >= 0),
    kind_tool_call INTEGER NOT NULL DEFAULT 0 CHECK (kind_tool_call >= 0),
    kind_tool_result INTEGER NOT NULL DEFAULT 0 CHECK (kind_tool_result >= 0),
    kind_system INTEGER NOT NULL DEFAULT 0 CHECK (kind_system >= 0),
    kind_other INTEGER NOT NULL DEFAULT 0 CHECK (kind_other >= 0),
    tool_call_count INTEGER NOT NULL DEFAULT 0 CHECK (tool_call_count >= 0),
    size_bytes INTEGER NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
    first_at INTEGER,
    last_at INTEGER,
    tail_count INTEGER NOT NULL DEFAULT 0,
    tail_bytes INTEGER NOT NULL DEFAULT 0 CHECK (tail_bytes >= 0),
    appended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (message_count = kind_text + kind_thinking + kind_tool_call + kind_tool_result + kind_system + kind_other),
    CHECK (tail_count BETWEEN 0 AND message_count),
    CHECK (tail_count > 0 OR tail_bytes = 0),
    CHECK ((first_at IS NULL) = (last_at IS NULL)),
    CHECK (first_at <= last_at),
    CHECK ((message_count = 0) = (appended_at IS NULL))
) STRICT;

CREATE INDEX transcripts_by_session ON transcripts (session_id, created_at, id);
CREATE INDEX transcripts_by_created_at ON transcripts (created_at, id);
CREATE INDEX transcripts_by_updated_at ON transcripts (updated_at, id);
-- What the sealing service looks at: only transcripts that have a tail are in it.
CREATE INDEX transcripts_by_tail ON transcripts (appended_at) WHERE tail_count > 0;

-- The unsealed tail of each transcript: fewer rows than a stretch has messages.
-- `body` is the content and then the metadata; without it, they are in
-- `transcript_bodies`.
CREATE TABLE transcript_messages (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    source_id TEXT NOT NULL CHECK (source_id <> ''),
    role TEXT NOT NULL CHECK (role IN ('USER', 'ASSISTANT', 'SYSTEM', 'TOOL')),
    kind TEXT NOT NULL CHECK (kind IN ('TEXT', 'THINKING', 'TOOL_CALL', 'TOOL_RESULT', 'SYSTEM', 'OTHER')),
    form TEXT NOT NULL CHECK (form IN ('TEXT', 'BLOCKS')),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    model TEXT,
    input_tokens INTEGER CHECK (input_tokens >= 0),
    output_tokens INTEGER CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0),
    usage_id TEXT,
    parent_source_id TEXT,
    occurred_at INTEGER,
    content_bytes INTEGER NOT NULL CHECK (content_bytes >= 0),
    metadata_bytes INTEGER NOT NULL CHECK (metadata_bytes >= 0),
    body BLOB CHECK (length(body) = content_bytes + metadata_bytes),
    PRIMARY KEY (transcript_key, seq),
    CHECK ((input_tokens IS NULL) = (output_tokens IS NULL)),
    CHECK ((input_tokens IS NULL) = (cache_read_tokens IS NULL)),
    CHECK ((input_tokens IS NULL) = (cache_write_tokens IS NULL))
) STRICT, WITHOUT ROWID;

-- Messages that are sealed together (see codec.py). Ids are never reused, and a
-- row is never changed, only replaced by one with another id: so the id is all
-- that a cache needs. The blobs come last, so that counts are read without them.
CREATE TABLE transcript_stretches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
    last_seq INTEGER NOT NULL,
    kind_text INTEGER NOT NULL CHECK (kind_text >= 0),
    kind_thinking INTEGER NOT NULL CHECK (kind_thinking >= 0),
    kind_tool_call INTEGER NOT NULL CHECK (kind_tool_call >= 0),
    kind_tool_result INTEGER NOT NULL CHECK (kind_tool_result >= 0),
    kind_system INTEGER NOT NULL CHECK (kind_system >= 0),
    kind_other INTEGER NOT NULL CHECK (kind_other >= 0),
    format INTEGER NOT NULL CHECK (format >= 1),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 1),
    ids BLOB NOT NULL CHECK (length(ids) % 16 = 0),
    frame BLOB NOT NULL,
    CHECK (
        last_seq - first_seq + 1
        = kind_text + kind_thinking + kind_tool_call + kind_tool_result + kind_system + kind_other
    ),
    CHECK (last_seq >= first_seq)
) STRICT;

CREATE UNIQUE INDEX transcript_stretches_by_seq ON transcript_stretches (transcript_key, last_seq, first_seq);

-- Bodies over `apart_bytes`, each compressed alone, of sealed and unsealed messages.
CREATE TABLE transcript_bodies (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    frame BLOB NOT NULL,
    PRIMARY KEY (transcript_key, seq)
) STRICT, WITHOUT ROWID;

-- Which source ids a transcript has: a hash of four bytes, so 15 bytes a row.
-- A hit is compared with the message itself, so a collision only costs time.
CREATE TABLE transcript_sources (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    hash INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    PRIMARY KEY (transcript_key, hash, seq)
) STRICT, WITHOUT ROWID;

-- What each response costs by its last message, so that another message of it
-- can replace that. An empty model is one that the source did not name.
CREATE TABLE transcript_responses (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    usage_id TEXT NOT NULL CHECK (usage_id <> ''),
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0),
    PRIMARY KEY (transcript_key, usage_id)
) STRICT, WITHOUT ROWID;

-- The sums over responses, and over messages whose usage is their own.
CREATE TABLE transcript_usage (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0),
    responses INTEGER NOT NULL CHECK (responses >= 1),
    PRIMARY KEY (transcript_key, model)
) STRICT, WITHOUT ROWID;
