-- Documents, and every version of them. What a document is now is its row, but
-- for the body, which its newest version has.
CREATE TABLE documents (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 200),
    title TEXT NOT NULL COLLATE NOCASE CHECK (length(title) >= 1),
    status TEXT CHECK (length(status) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    story_id TEXT CHECK (length(story_id) BETWEEN 1 AND 200),
    project_id TEXT CHECK (length(project_id) BETWEEN 1 AND 200),
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    body_bytes INTEGER NOT NULL CHECK (body_bytes >= 0),
    body_sha256 TEXT NOT NULL CHECK (length(body_sha256) = 64),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_by TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Each index ends in the default order (updated_at, id).
CREATE INDEX documents_by_updated_at ON documents (updated_at, id);
CREATE INDEX documents_by_created_at ON documents (created_at, id);
CREATE INDEX documents_by_title ON documents (title, id);
CREATE INDEX documents_by_kind ON documents (kind, updated_at, id);
CREATE INDEX documents_by_status ON documents (status, updated_at, id) WHERE status IS NOT NULL;
CREATE INDEX documents_by_construct_id ON documents (construct_id, updated_at, id) WHERE construct_id IS NOT NULL;
CREATE INDEX documents_by_story_id ON documents (story_id, updated_at, id) WHERE story_id IS NOT NULL;
CREATE INDEX documents_by_project_id ON documents (project_id, updated_at, id) WHERE project_id IS NOT NULL;

-- As the document was, the construct too, which may be gone since. superseded_at
-- is NULL in the newest version. The body stands last, so that the rest is read
-- without the pages that it goes on in.
CREATE TABLE document_versions (
    document_id TEXT NOT NULL REFERENCES documents (id),
    version INTEGER NOT NULL CHECK (version >= 1),
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    body_bytes INTEGER NOT NULL CHECK (body_bytes >= 0),
    body_sha256 TEXT NOT NULL CHECK (length(body_sha256) = 64),
    status TEXT,
    construct_id TEXT,
    story_id TEXT,
    project_id TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    saved_by TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    superseded_at INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (document_id, version)
) STRICT;

CREATE UNIQUE INDEX document_versions_newest ON document_versions (document_id) WHERE superseded_at IS NULL;
CREATE INDEX document_versions_by_superseded_at ON document_versions (superseded_at) WHERE superseded_at IS NOT NULL;
