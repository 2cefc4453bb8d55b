-- What an agent keeps between the turns of a conversation, for a day after its
-- last use. A channel and the timestamp of a thread in it are what a chat calls
-- them: opaque texts, which no number can hold exactly.
CREATE TABLE session_contexts (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    session_id TEXT REFERENCES sessions (id),
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    channel TEXT CHECK (length(channel) BETWEEN 1 AND 200),
    thread_ts TEXT CHECK (length(thread_ts) BETWEEN 1 AND 200),
    state TEXT NOT NULL CHECK (json_valid(state) AND json_type(state) = 'object'),
    last_used_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((channel IS NULL) = (thread_ts IS NULL))
) STRICT;

-- Each index ends in the default order, so that a page of a filtered list is
-- read from one place; the first serves retention too.
CREATE INDEX session_contexts_by_last_used_at ON session_contexts (last_used_at, id);
CREATE INDEX session_contexts_by_thread ON session_contexts (channel, thread_ts, last_used_at, id)
WHERE channel IS NOT NULL;
CREATE INDEX session_contexts_by_channel ON session_contexts (channel, last_used_at, id) WHERE channel IS NOT NULL;
CREATE INDEX session_contexts_by_session_id ON session_contexts (session_id, last_used_at, id)
WHERE session_id IS NOT NULL;
CREATE INDEX session_contexts_by_user_id ON session_contexts (user_id, last_used_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX session_contexts_by_created_at ON session_contexts (created_at, id);

-- Which session answers in which thread of which channel, for a week after the
-- last message.
CREATE TABLE thread_sessions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    channel TEXT NOT NULL CHECK (length(channel) BETWEEN 1 AND 200),
    thread_ts TEXT NOT NULL CHECK (length(thread_ts) BETWEEN 1 AND 200),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    last_message_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX thread_sessions_by_thread ON thread_sessions (channel, thread_ts);
CREATE INDEX thread_sessions_by_last_message_at ON thread_sessions (last_message_at, id);
CREATE INDEX thread_sessions_by_channel ON thread_sessions (channel, last_message_at, id);
CREATE INDEX thread_sessions_by_session_id ON thread_sessions (session_id, last_message_at, id);
CREATE INDEX thread_sessions_by_user_id ON thread_sessions (user_id, last_message_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX thread_sessions_by_created_at ON thread_sessions (created_at, id);
