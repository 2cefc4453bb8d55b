CREATE TABLE reviews (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    construct_id TEXT NOT NULL REFERENCES constructs (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('APPROVED', 'REJECTED')),
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX reviews_by_construct_id ON reviews (construct_id, created_at, id);
CREATE INDEX reviews_by_created_at ON reviews (created_at, id);
