-- Mentions go when their events leave the log for the archive: they are looked
-- for by position. What the table holds comes back from the log.

DROP TABLE timeline_mentions;

CREATE TABLE timeline_mentions (
    construct_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 1),
    PRIMARY KEY (construct_id, occurred_at, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX timeline_mentions_by_position ON timeline_mentions (position);
