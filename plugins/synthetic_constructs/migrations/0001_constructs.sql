-- Units of agent work. Limits on lengths are the outermost that settings may
-- allow; the status decides which instants are set, so that a wrong state
-- cannot be stored.
CREATE TABLE constructs (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 200),
    status TEXT NOT NULL CHECK (status IN ('PLANNED', 'ACTIVE', 'BLOCKED', 'COMPLETED', 'FAILED', 'CANCELLED')),
    -- Titles are compared without regard to ASCII case, so that they sort as people expect.
    title TEXT NOT NULL COLLATE NOCASE CHECK (length(title) >= 1),
    description TEXT,
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    project_id TEXT CHECK (length(project_id) BETWEEN 1 AND 200),
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    CHECK (status <> 'ACTIVE' OR started_at IS NOT NULL),
    CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (ended_at IS NOT NULL))
) STRICT;

-- Each index ends in the default order (created_at, id), so that a page of a
-- filtered list is read from one place and nothing is sorted.
CREATE INDEX constructs_by_created_at ON constructs (created_at, id);
CREATE INDEX constructs_by_updated_at ON constructs (updated_at, id);
CREATE INDEX constructs_by_title ON constructs (title, id);
CREATE INDEX constructs_by_status ON constructs (status, created_at, id);
CREATE INDEX constructs_by_type ON constructs (type, created_at, id);
CREATE INDEX constructs_by_project_id ON constructs (project_id, created_at, id) WHERE project_id IS NOT NULL;
CREATE INDEX constructs_by_user_id ON constructs (user_id, created_at, id) WHERE user_id IS NOT NULL;

-- Directed links. There is no id: a link is what it links, and how.
CREATE TABLE construct_relationships (
    from_id TEXT NOT NULL REFERENCES constructs (id),
    kind TEXT NOT NULL CHECK (kind IN ('PARENT', 'PLAN_TO_IMPLEMENTATION', 'DEPENDS_ON', 'RELATED')),
    to_id TEXT NOT NULL REFERENCES constructs (id),
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (from_id, kind, to_id),
    CHECK (from_id <> to_id),
    -- A link without direction is stored one way round, so that it cannot be stored twice.
    CHECK (kind <> 'RELATED' OR from_id < to_id)
) STRICT, WITHOUT ROWID;

-- From either end, the links of one kind in the order in which they were made.
CREATE INDEX construct_relationships_by_from_id ON construct_relationships (from_id, kind, created_at, to_id);
CREATE INDEX construct_relationships_by_to_id ON construct_relationships (to_id, kind, created_at, from_id);

-- Which keys of the metadata are copied to construct_metadata, and how far that
-- has come: BUILDING (rows up to backfilled_to are copied, new ones always),
-- READY (all are: filters may rely on it), RETIRING (being removed).
CREATE TABLE construct_metadata_keys (
    key TEXT NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
    state TEXT NOT NULL CHECK (state IN ('BUILDING', 'READY', 'RETIRING')),
    backfilled_to TEXT,
    CHECK (backfilled_to IS NULL OR state = 'BUILDING')
) STRICT, WITHOUT ROWID;

-- The value of each such key, as canonical JSON. created_at is the construct's,
-- which never changes, so that a filter is answered in the default order.
CREATE TABLE construct_metadata (
    construct_id TEXT NOT NULL REFERENCES constructs (id),
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (construct_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX construct_metadata_by_value ON construct_metadata (key, value, created_at, construct_id);
