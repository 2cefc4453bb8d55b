-- Searches that are kept, to hear of what they come to find.
CREATE TABLE saved_searches (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) >= 1),
    query TEXT NOT NULL,
    -- As `saveSearch` was given it: conditions beside those of the query.
    filter TEXT NOT NULL CHECK (json_valid(filter) AND json_type(filter) = 'object'),
    -- Up to which row of search_documents it was looked for; it is told of what was first indexed after that.
    seen_through INTEGER NOT NULL CHECK (seen_through >= 0),
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX saved_searches_by_created_at ON saved_searches (created_at, id);
CREATE INDEX saved_searches_by_seen_through ON saved_searches (seen_through);

-- What a saved search has found since it was saved, each document once. It names
-- the document by what the index knows it by, and outlives it.
CREATE TABLE saved_search_hits (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    search_id TEXT NOT NULL REFERENCES saved_searches (id),
    kind TEXT NOT NULL CHECK (kind <> ''),
    entity_id TEXT NOT NULL CHECK (entity_id <> ''),
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    hit_at INTEGER NOT NULL,
    UNIQUE (search_id, kind, entity_id, ordinal)
) STRICT;

CREATE INDEX saved_search_hits_by_search_id ON saved_search_hits (search_id, key);
CREATE INDEX saved_search_hits_by_hit_at ON saved_search_hits (hit_at);
