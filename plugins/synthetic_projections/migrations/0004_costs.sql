-- Costs: what somebody has recorded, which is kept; what the fold `costs` sums
-- up of it and of the usage of messages; and budgets. Money is counted in
-- micro-units of its currency.

CREATE TABLE cost_events (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    kind TEXT NOT NULL CHECK (kind <> ''),
    session_id TEXT,
    construct_id TEXT,
    project_id TEXT,
    agent TEXT,
    model TEXT,
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0),
    cost_micros INTEGER,
    currency TEXT CHECK (length(currency) = 3),
    note TEXT,
    occurred_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    CHECK ((cost_micros IS NULL) = (currency IS NULL)),
    CHECK ((session_id IS NOT NULL) + (construct_id IS NOT NULL) + (project_id IS NOT NULL) <= 1),
    CHECK (session_id IS NULL OR agent IS NULL)
) STRICT;

CREATE INDEX cost_events_by_occurred_at ON cost_events (occurred_at, id);
CREATE INDEX cost_events_by_session ON cost_events (session_id, occurred_at, id) WHERE session_id IS NOT NULL;
CREATE INDEX cost_events_by_construct ON cost_events (construct_id, occurred_at, id) WHERE construct_id IS NOT NULL;
CREATE INDEX cost_events_by_project ON cost_events (project_id, occurred_at, id) WHERE project_id IS NOT NULL;

-- "" stands for none: for no agent, no project, no price. A span of 0 is all
-- time: one row, which begins at 0.
CREATE TABLE cost_rollups (
    dimension TEXT NOT NULL CHECK (dimension IN ('ALL', 'AGENT', 'PROJECT', 'CONSTRUCT', 'SESSION')),
    key TEXT NOT NULL,
    span_ms INTEGER NOT NULL CHECK (span_ms IN (0, 900000, 86400000)),
    starts_at INTEGER NOT NULL CHECK (CASE span_ms WHEN 0 THEN starts_at = 0 ELSE starts_at % span_ms = 0 END),
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
    PRIMARY KEY (dimension, key, span_ms, starts_at, agent, model, currency, source),
    CHECK (currency <> '' OR (cost_micros = 0 AND cost_rest = 0))
) STRICT, WITHOUT ROWID;

-- What all of a dimension have spent in a window, however many others there are.
CREATE INDEX cost_rollups_by_time ON cost_rollups (dimension, span_ms, starts_at);

CREATE TABLE cost_sessions (
    session_id TEXT NOT NULL PRIMARY KEY,
    construct_id TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX cost_sessions_by_construct ON cost_sessions (construct_id);

CREATE TABLE cost_constructs (
    construct_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX cost_constructs_by_project ON cost_constructs (project_id);

CREATE TABLE cost_progress (
    name TEXT NOT NULL PRIMARY KEY,
    last_position INTEGER NOT NULL CHECK (last_position >= 1),
    prices TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE budgets (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    name TEXT NOT NULL,
    project_id TEXT,
    construct_id TEXT REFERENCES constructs (id),
    period TEXT NOT NULL CHECK (period IN ('DAY', 'WEEK', 'MONTH', 'TOTAL')),
    time_zone TEXT NOT NULL,
    limit_micros INTEGER NOT NULL CHECK (limit_micros >= 1),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    warn_at_percent INTEGER NOT NULL CHECK (warn_at_percent BETWEEN 1 AND 100),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (project_id IS NULL OR construct_id IS NULL)
) STRICT;

CREATE INDEX budgets_by_created_at ON budgets (created_at, id);
CREATE INDEX budgets_by_construct ON budgets (construct_id) WHERE construct_id IS NOT NULL;

-- What was told of each period, so that it is told once. `period_at` is when the
-- period begins; of one without a beginning, 0.
CREATE TABLE budget_alerts (
    budget_id TEXT NOT NULL REFERENCES budgets (id),
    period_at INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('WARNED', 'EXCEEDED')),
    spent_micros INTEGER NOT NULL,
    limit_micros INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (budget_id, period_at, level)
) STRICT, WITHOUT ROWID;
