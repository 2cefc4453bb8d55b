-- What the fold `agents` computes from the log. A run is a session or a job,
-- and keeps what it adds to the sums, so that it can be moved to another agent.

CREATE TABLE agent_runs (
    work TEXT NOT NULL CHECK (work IN ('SESSION', 'JOB')),
    run_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (work = 'JOB' OR kind = ''),
    status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED')),
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    working_since INTEGER,
    worked_ms INTEGER NOT NULL CHECK (worked_ms >= 0),
    cancel_asked INTEGER NOT NULL CHECK (cancel_asked IN (0, 1)),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    failed_attempts INTEGER NOT NULL CHECK (failed_attempts BETWEEN 0 AND attempts),
    retries INTEGER NOT NULL CHECK (retries >= 0),
    cancels INTEGER NOT NULL CHECK (cancels >= 0),
    approvals_requested INTEGER NOT NULL CHECK (approvals_requested >= 0),
    approvals_approved INTEGER NOT NULL CHECK (approvals_approved >= 0),
    approvals_rejected INTEGER NOT NULL CHECK (approvals_rejected >= 0),
    approvals_expired INTEGER NOT NULL CHECK (approvals_expired >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    PRIMARY KEY (work, run_id),
    CHECK ((status = 'ACTIVE') = (ended_at IS NULL)),
    CHECK (status = 'ACTIVE' OR working_since IS NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_groups (
    work TEXT NOT NULL CHECK (work IN ('SESSION', 'JOB')),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (work = 'JOB' OR kind = ''),
    runs INTEGER NOT NULL CHECK (runs >= 1),
    PRIMARY KEY (work, agent, kind)
) STRICT, WITHOUT ROWID;

-- A row for each quarter of an hour in which runs began, and one for each day
-- in UTC: long windows are added up from days, and their ends from quarters.
-- Behind an agent and its work the key walks through time.
CREATE TABLE agent_metrics (
    work TEXT NOT NULL CHECK (work IN ('SESSION', 'JOB')),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (work = 'JOB' OR kind = ''),
    grain TEXT NOT NULL CHECK (grain IN ('QUARTER', 'DAY')),
    begin_at INTEGER NOT NULL,
    runs INTEGER NOT NULL CHECK (runs >= 1),
    active INTEGER NOT NULL CHECK (active >= 0),
    completed INTEGER NOT NULL CHECK (completed >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    cancelled INTEGER NOT NULL CHECK (cancelled >= 0),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    failed_attempts INTEGER NOT NULL CHECK (failed_attempts BETWEEN 0 AND attempts),
    retries INTEGER NOT NULL CHECK (retries >= 0),
    cancels INTEGER NOT NULL CHECK (cancels >= 0),
    approvals_requested INTEGER NOT NULL CHECK (approvals_requested >= 0),
    approvals_approved INTEGER NOT NULL CHECK (approvals_approved >= 0),
    approvals_rejected INTEGER NOT NULL CHECK (approvals_rejected >= 0),
    approvals_expired INTEGER NOT NULL CHECK (approvals_expired >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    durations TEXT NOT NULL CHECK (json_valid(durations) AND json_type(durations) = 'array'),
    PRIMARY KEY (work, agent, kind, grain, begin_at),
    CHECK (active + completed + failed + cancelled = runs)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_windows (
    work TEXT NOT NULL CHECK (work IN ('SESSION', 'JOB')),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL,
    measure TEXT NOT NULL CHECK (measure IN ('DURATION_MS', 'OUTPUT_TOKENS')),
    latest TEXT NOT NULL CHECK (json_valid(latest) AND json_type(latest) = 'array'),
    PRIMARY KEY (work, agent, kind, measure)
) STRICT;

-- The sample is what the run was compared with. With rowids, since it is long.
CREATE TABLE agent_outliers (
    work TEXT NOT NULL CHECK (work IN ('SESSION', 'JOB')),
    run_id TEXT NOT NULL,
    measure TEXT NOT NULL CHECK (measure IN ('DURATION_MS', 'OUTPUT_TOKENS')),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (work = 'JOB' OR kind = ''),
    ended_at INTEGER NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 1),
    value INTEGER NOT NULL CHECK (value >= 0),
    median REAL NOT NULL,
    deviation REAL NOT NULL CHECK (deviation > 0),
    score REAL NOT NULL,
    sample TEXT NOT NULL CHECK (json_valid(sample) AND json_type(sample) = 'array'),
    PRIMARY KEY (work, run_id, measure)
) STRICT;

-- Each ends in the order of the list, so that a page is read from one place.
CREATE INDEX agent_outliers_by_ended_at ON agent_outliers (ended_at, work, run_id, measure);
CREATE INDEX agent_outliers_by_agent ON agent_outliers (agent, ended_at, work, run_id, measure);
