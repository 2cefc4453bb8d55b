-- Runs of agents. The status decides whether there is an end, so that a wrong
-- state cannot be stored; activity never precedes the start.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    -- No key: a sub-agent's files may be read before those of the session that
    -- started it, and a family of sessions is deleted in batches, in any order.
    parent_session_id TEXT CHECK (length(parent_session_id) BETWEEN 1 AND 200),
    agent TEXT CHECK (length(agent) BETWEEN 1 AND 200),
    title TEXT CHECK (length(title) >= 1),
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    project_id TEXT CHECK (length(project_id) BETWEEN 1 AND 200),
    status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'ENDED', 'FAILED', 'CANCELLED')),
    started_at INTEGER NOT NULL,
    last_activity_at INTEGER NOT NULL,
    ended_at INTEGER,
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (parent_session_id <> id),
    CHECK ((status = 'ACTIVE') = (ended_at IS NULL)),
    CHECK (last_activity_at >= started_at),
    CHECK (ended_at >= started_at)
) STRICT;

-- Each index ends in the default order (started_at, id), so that a page of a
-- filtered list is read from one place and nothing is sorted.
CREATE INDEX sessions_by_started_at ON sessions (started_at, id);
CREATE INDEX sessions_by_construct_id ON sessions (construct_id, started_at, id) WHERE construct_id IS NOT NULL;
CREATE INDEX sessions_by_parent_session_id ON sessions (parent_session_id, started_at, id)
WHERE parent_session_id IS NOT NULL;
CREATE INDEX sessions_by_status ON sessions (status, started_at, id);
CREATE INDEX sessions_by_agent ON sessions (agent, started_at, id) WHERE agent IS NOT NULL;
CREATE INDEX sessions_by_project_id ON sessions (project_id, started_at, id) WHERE project_id IS NOT NULL;
CREATE INDEX sessions_by_user_id ON sessions (user_id, started_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_by_created_at ON sessions (created_at, id);
-- By what was active last, of all sessions and of those in one status.
CREATE INDEX sessions_by_last_activity_at ON sessions (last_activity_at, id);
CREATE INDEX sessions_by_status_and_activity ON sessions (status, last_activity_at, id);
