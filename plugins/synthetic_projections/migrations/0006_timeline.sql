-- Events that name a construct and belong to another one, or to none: what the
-- log's own index of constructs does not know.

CREATE TABLE timeline_mentions (
    construct_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 1),
    PRIMARY KEY (construct_id, occurred_at, position)
) STRICT, WITHOUT ROWID;
