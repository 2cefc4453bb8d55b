-- What was paid stays where it was paid when an id is used again, and a workflow
-- keeps the costs of a construct that is deleted. Every fold concerned is made
-- anew from the log, since its records have changed.

-- Of an id that was used again: how much of the sums under it is of those who had it before.
CREATE TABLE cost_settled (
    dimension TEXT NOT NULL CHECK (dimension IN ('CONSTRUCT', 'SESSION')),
    key TEXT NOT NULL,
    starts_at INTEGER NOT NULL CHECK (starts_at % 900000 = 0),
    agent TEXT NOT NULL,
    model TEXT NOT NULL,
    currency TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('USAGE', 'RECORDED')),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    responses INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    cost_rest INTEGER NOT NULL CHECK (cost_rest BETWEEN 0 AND 999999),
    PRIMARY KEY (dimension, key, starts_at, agent, model, currency, source)
) STRICT, WITHOUT ROWID;

ALTER TABLE cost_sessions ADD COLUMN since_position INTEGER NOT NULL DEFAULT 0 CHECK (since_position >= 0);
ALTER TABLE cost_sessions ADD COLUMN placed_position INTEGER NOT NULL DEFAULT 0 CHECK (placed_position >= 0);
ALTER TABLE cost_constructs ADD COLUMN since_position INTEGER NOT NULL DEFAULT 0 CHECK (since_position >= 0);

ALTER TABLE workflows ADD COLUMN cost_construct_id TEXT;
