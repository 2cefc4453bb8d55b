-- What the fold `activity` computes from the log. A construct's counts are
-- those of its sessions, and a session's those of its transcripts, so that
-- they can be moved and taken away with these.

CREATE TABLE construct_activity (
    construct_id TEXT NOT NULL PRIMARY KEY,
    sessions INTEGER NOT NULL CHECK (sessions >= 0),
    messages INTEGER NOT NULL CHECK (messages >= 0),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    last_event_type TEXT NOT NULL,
    last_event_at INTEGER NOT NULL,
    last_position INTEGER NOT NULL CHECK (last_position >= 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_activity (
    session_id TEXT NOT NULL PRIMARY KEY,
    construct_id TEXT,
    messages INTEGER NOT NULL CHECK (messages >= 0),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE transcript_activity (
    transcript_id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    messages INTEGER NOT NULL CHECK (messages >= 0),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
