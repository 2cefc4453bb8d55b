-- The index of documents. It holds no text: only which words stand where, and
-- from which entity a document comes, so that its text can be read again.

-- Entities that are indexed. `fingerprint` tells what was indexed from what
-- there is now: of the one document of an entity, or, where it has many, of what
-- they are made of; it is empty where everything is to be indexed anew. Where it
-- has many, `incarnation` tells the entity from one that was there before under
-- the same id, and `through` is up to which of them they are indexed so.
CREATE TABLE search_entities (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind <> ''),
    entity_id TEXT NOT NULL CHECK (entity_id <> ''),
    fingerprint TEXT NOT NULL,
    incarnation TEXT NOT NULL DEFAULT '',
    through INTEGER NOT NULL DEFAULT 0 CHECK (through >= 0),
    indexed_at INTEGER NOT NULL,
    UNIQUE (kind, entity_id)
) STRICT;

-- What many documents have in common: by these they are filtered and counted.
-- An empty text is none; `facets` is a JSON object with sorted keys; `month` is
-- the month of `occurred_at`, counted from January 1970.
CREATE TABLE search_groups (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind <> ''),
    construct_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    status TEXT NOT NULL,
    facets TEXT NOT NULL CHECK (json_type(facets) = 'object'),
    month INTEGER NOT NULL,
    words TEXT NOT NULL CHECK (words <> ''),
    UNIQUE (construct_id, session_id, kind, status, facets, month)
) STRICT;

CREATE INDEX search_groups_by_session_id ON search_groups (session_id);

-- The numbers by which the full-text index knows the values of groups: `v` and
-- the number is a word of its column `filters`.
CREATE TABLE search_values (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    dimension TEXT NOT NULL CHECK (dimension <> ''),
    value TEXT NOT NULL CHECK (value <> ''),
    UNIQUE (dimension, value)
) STRICT;

-- Documents, or parts of long ones: the ids are the rowids of `search_text`, are
-- never used again, and grow with the time at which a document was indexed. By
-- `first_id`, which stays as it is when everything is indexed anew, it is told
-- what is new from what only has a new row.
CREATE TABLE search_documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_key INTEGER NOT NULL REFERENCES search_entities (key),
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    part INTEGER NOT NULL CHECK (part >= 0),
    group_key INTEGER NOT NULL REFERENCES search_groups (key),
    occurred_at INTEGER NOT NULL,
    first_id INTEGER NOT NULL CHECK (first_id BETWEEN 1 AND id)
) STRICT;

CREATE UNIQUE INDEX search_documents_by_entity ON search_documents (entity_key, ordinal, part);
CREATE INDEX search_documents_by_group ON search_documents (group_key);

-- Entities that have changed and are not indexed yet. `stamp` grows with each
-- change, so that one that comes during the indexing is not lost.
CREATE TABLE search_pending (
    kind TEXT NOT NULL CHECK (kind <> ''),
    entity_id TEXT NOT NULL CHECK (entity_id <> ''),
    stamp INTEGER NOT NULL,
    noted_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    error TEXT,
    PRIMARY KEY (kind, entity_id),
    CHECK ((failures = 0) = (error IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX search_pending_by_due_at ON search_pending (due_at, noted_at);

CREATE VIRTUAL TABLE search_text USING fts5 (
    title, body, filters,
    content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);

-- Segments are merged eight at a time and not four: it is filled much faster so,
-- and queries hardly notice.
INSERT INTO search_text (search_text, rank) VALUES ('automerge', 8);

-- The words of the index, each with the number of documents that have it.
CREATE VIRTUAL TABLE search_words USING fts5vocab('search_text', 'row');
