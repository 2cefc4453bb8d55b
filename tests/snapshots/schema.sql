CREATE TABLE agent_groups (
    work TEXT NOT NULL CHECK (work IN ('SESSION', 'JOB')),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (work = 'JOB' OR kind = ''),
    runs INTEGER NOT NULL CHECK (runs >= 1),
    PRIMARY KEY (work, agent, kind)
) STRICT, WITHOUT ROWID;

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

CREATE INDEX agent_outliers_by_agent ON agent_outliers (agent, ended_at, work, run_id, measure);

CREATE INDEX agent_outliers_by_ended_at ON agent_outliers (ended_at, work, run_id, measure);

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

CREATE TABLE agent_windows (
    work TEXT NOT NULL CHECK (work IN ('SESSION', 'JOB')),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL,
    measure TEXT NOT NULL CHECK (measure IN ('DURATION_MS', 'OUTPUT_TOKENS')),
    latest TEXT NOT NULL CHECK (json_valid(latest) AND json_type(latest) = 'array'),
    PRIMARY KEY (work, agent, kind, measure)
) STRICT;

CREATE TABLE artifact_folder (
    mark TEXT NOT NULL PRIMARY KEY CHECK (length(mark) = 32 AND mark NOT GLOB '*[^0-9a-f]*'),
    -- Whether it was ever seen in the folder: then a folder without it is another one,
    -- also while there is no artifact whose file could be missed.
    is_marked INTEGER NOT NULL DEFAULT 0 CHECK (is_marked IN (0, 1)),
    -- Whether the folder was not there when it was last looked for, and sync status says so.
    is_absent INTEGER NOT NULL DEFAULT 0 CHECK (is_absent IN (0, 1))
) STRICT;

CREATE TABLE artifact_removals (
    path TEXT NOT NULL PRIMARY KEY
) STRICT;

CREATE TABLE artifact_totals (
    construct_id TEXT NOT NULL PRIMARY KEY,
    files INTEGER NOT NULL CHECK (files >= 0),
    stored_bytes INTEGER NOT NULL CHECK (stored_bytes >= 0)
) STRICT;

CREATE TRIGGER artifacts_count_gone
AFTER DELETE ON artifacts
BEGIN
    UPDATE artifact_totals SET files = files - 1, stored_bytes = stored_bytes - OLD.stored_bytes
    WHERE construct_id IN (OLD.construct_id, '');
    DELETE FROM artifact_totals WHERE construct_id = OLD.construct_id AND files = 0;
    INSERT INTO artifact_removals (path) VALUES (OLD.path);
END;

CREATE TRIGGER artifacts_count_new
AFTER INSERT ON artifacts
BEGIN
    INSERT INTO artifact_totals (construct_id, files, stored_bytes)
    VALUES (NEW.construct_id, 1, NEW.stored_bytes), ('', 1, NEW.stored_bytes)
    ON CONFLICT (construct_id) DO UPDATE
    SET files = files + 1, stored_bytes = stored_bytes + excluded.stored_bytes;
END;

CREATE TRIGGER artifacts_keep_content
BEFORE UPDATE OF id, construct_id, type, name, content_type, size_bytes, stored_bytes, sha256, encoding, path, created_at
ON artifacts
BEGIN
    SELECT RAISE(ABORT, 'what was stored as an artifact never changes');
END;

CREATE TABLE artifacts (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    construct_id TEXT NOT NULL REFERENCES constructs (id),
    session_id TEXT REFERENCES sessions (id),
    job_id TEXT REFERENCES sync_jobs (id),
    type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200 AND name NOT GLOB '*[/\]*'),
    content_type TEXT NOT NULL CHECK (length(content_type) BETWEEN 1 AND 200),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    stored_bytes INTEGER NOT NULL CHECK (stored_bytes >= 0),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
    encoding TEXT NOT NULL CHECK (encoding IN ('IDENTITY', 'ZSTD')),
    -- Of the file, below `artifacts/`.
    path TEXT NOT NULL CHECK (length(path) >= 5),
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    status TEXT NOT NULL CHECK (status IN ('AVAILABLE', 'DELETED', 'MISSING', 'ALTERED')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    deleted_at INTEGER,
    CHECK ((status = 'DELETED') = (deleted_at IS NOT NULL)),
    CHECK (encoding = 'ZSTD' OR stored_bytes = size_bytes)
) STRICT;

CREATE INDEX artifacts_by_construct_id ON artifacts (construct_id, created_at, id);

CREATE INDEX artifacts_by_created_at ON artifacts (created_at, id);

CREATE INDEX artifacts_by_deleted_at ON artifacts (deleted_at, id) WHERE deleted_at IS NOT NULL;

CREATE INDEX artifacts_by_expires_at ON artifacts (expires_at, id) WHERE expires_at IS NOT NULL;

CREATE INDEX artifacts_by_job_id ON artifacts (job_id, created_at, id) WHERE job_id IS NOT NULL;

CREATE UNIQUE INDEX artifacts_by_path ON artifacts (path);

CREATE INDEX artifacts_by_session_id ON artifacts (session_id, created_at, id) WHERE session_id IS NOT NULL;

CREATE INDEX artifacts_by_sha256 ON artifacts (sha256, created_at, id);

CREATE INDEX artifacts_by_status ON artifacts (status, created_at, id);

CREATE INDEX artifacts_by_type ON artifacts (type, created_at, id);

CREATE TABLE audit_chain (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- The first row that should be there, and the hash before it: of the last row that retention deleted.
    first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
    start_hash BLOB NOT NULL CHECK (length(start_hash) = 32),
    -- The last row that was written, whether or not it is still there.
    last_seq INTEGER NOT NULL CHECK (last_seq >= first_seq - 1),
    last_hash BLOB NOT NULL CHECK (length(last_hash) = 32)
) STRICT;

CREATE TABLE audit_log (
    seq INTEGER NOT NULL PRIMARY KEY CHECK (seq >= 1),
    occurred_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('MUTATION', 'COMMAND', 'ACCESS')),
    name TEXT NOT NULL CHECK (length(name) >= 1),
    actor TEXT NOT NULL CHECK (length(actor) >= 1),
    entity_type TEXT CHECK (length(entity_type) >= 1),
    entity_id TEXT CHECK (length(entity_id) >= 1),
    outcome TEXT NOT NULL CHECK (outcome IN ('BEGUN', 'DONE', 'FAILED', 'REFUSED')),
    code TEXT CHECK (length(code) >= 1),
    message TEXT,
    details TEXT NOT NULL CHECK (json_valid(details) AND json_type(details) = 'object'),
    correlation_id TEXT NOT NULL,
    previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    CHECK ((outcome IN ('BEGUN', 'DONE')) = (code IS NULL))
) STRICT;

CREATE INDEX audit_log_by_actor ON audit_log (actor, occurred_at);

CREATE INDEX audit_log_by_code ON audit_log (code, occurred_at) WHERE code IS NOT NULL;

CREATE INDEX audit_log_by_correlation_id ON audit_log (correlation_id, occurred_at);

CREATE INDEX audit_log_by_entity_id ON audit_log (entity_id, occurred_at) WHERE entity_id IS NOT NULL;

CREATE INDEX audit_log_by_kind ON audit_log (kind, occurred_at) WHERE kind <> 'MUTATION';

CREATE INDEX audit_log_by_name ON audit_log (name, occurred_at);

CREATE INDEX audit_log_by_occurred_at ON audit_log (occurred_at);

CREATE INDEX audit_log_by_outcome ON audit_log (outcome, occurred_at) WHERE outcome <> 'DONE';

CREATE TABLE budget_alerts (
    budget_id TEXT NOT NULL REFERENCES budgets (id),
    period_at INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('WARNED', 'EXCEEDED')),
    spent_micros INTEGER NOT NULL,
    limit_micros INTEGER NOT NULL,
    told_at INTEGER NOT NULL,
    PRIMARY KEY (budget_id, period_at, level)
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

CREATE INDEX budgets_by_construct ON budgets (construct_id) WHERE construct_id IS NOT NULL;

CREATE INDEX budgets_by_created_at ON budgets (created_at, id);

CREATE TABLE construct_activity (
    construct_id TEXT NOT NULL PRIMARY KEY,
    sessions INTEGER NOT NULL CHECK (sessions >= 0),
    messages INTEGER NOT NULL CHECK (messages >= 0),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    last_event_type TEXT NOT NULL,
    last_event_at INTEGER NOT NULL,
    last_position INTEGER NOT NULL CHECK (last_position >= 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE construct_metadata (
    construct_id TEXT NOT NULL REFERENCES constructs (id),
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (construct_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX construct_metadata_by_value ON construct_metadata (key, value, created_at, construct_id);

CREATE TABLE construct_metadata_keys (
    key TEXT NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
    state TEXT NOT NULL CHECK (state IN ('BUILDING', 'READY', 'RETIRING')),
    backfilled_to TEXT,
    CHECK (backfilled_to IS NULL OR state = 'BUILDING')
) STRICT, WITHOUT ROWID;

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

CREATE INDEX construct_relationships_by_from_id ON construct_relationships (from_id, kind, created_at, to_id);

CREATE INDEX construct_relationships_by_to_id ON construct_relationships (to_id, kind, created_at, from_id);

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

CREATE INDEX constructs_by_created_at ON constructs (created_at, id);

CREATE INDEX constructs_by_project_id ON constructs (project_id, created_at, id) WHERE project_id IS NOT NULL;

CREATE INDEX constructs_by_status ON constructs (status, created_at, id);

CREATE INDEX constructs_by_title ON constructs (title, id);

CREATE INDEX constructs_by_type ON constructs (type, created_at, id);

CREATE INDEX constructs_by_updated_at ON constructs (updated_at, id);

CREATE INDEX constructs_by_user_id ON constructs (user_id, created_at, id) WHERE user_id IS NOT NULL;

CREATE TABLE consumers (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('FOLD', 'MIRROR')),
    -- Of the events that concern it, so that its lag is known without its plugin.
    types TEXT NOT NULL CHECK (json_valid(types) AND json_type(types) = 'array'),
    -- Its tables, so that what it leaves is found without its plugin.
    tables TEXT NOT NULL CHECK (json_valid(tables) AND json_type(tables) = 'array'),
    -- Of the code that made what is being answered from; empty: nothing has.
    fingerprint TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    phase TEXT NOT NULL CHECK (phase IN ('FOLLOWING', 'REBUILDING', 'FAILED')),
    -- The event that it could not take in; none where something else is in its way.
    failed_position INTEGER,
    error TEXT CHECK (json_valid(error)),
    failed_at INTEGER,
    rebuild_fingerprint TEXT,
    rebuild_started_at INTEGER,
    -- Events up to here are in the rebuild; those up to `rebuild_to` were there when it began.
    rebuild_through INTEGER,
    rebuild_to INTEGER,
    -- A mirror's: how far it has scanned, once it has begun to.
    rebuild_cursor TEXT,
    requested TEXT CHECK (requested IN ('RETRY', 'RESUME', 'REBUILD')),
    requested_at INTEGER,
    set_aside INTEGER NOT NULL DEFAULT 0 CHECK (set_aside >= 0),
    last_attempt_at INTEGER,
    last_success_at INTEGER,
    updated_at INTEGER NOT NULL, rebuilt_at INTEGER,
    CHECK ((phase = 'FAILED') = (error IS NOT NULL)),
    CHECK ((error IS NULL) = (failed_at IS NULL)),
    CHECK (failed_position IS NULL OR error IS NOT NULL),
    CHECK (phase <> 'REBUILDING' OR rebuild_through IS NOT NULL),
    CHECK (phase <> 'FOLLOWING' OR rebuild_through IS NULL),
    CHECK ((rebuild_through IS NULL) = (rebuild_to IS NULL)),
    CHECK ((rebuild_through IS NULL) = (rebuild_fingerprint IS NULL)),
    CHECK ((rebuild_through IS NULL) = (rebuild_started_at IS NULL)),
    CHECK ((requested IS NULL) = (requested_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_constructs (
    construct_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL
, since_position INTEGER NOT NULL DEFAULT 0 CHECK (since_position >= 0)) STRICT, WITHOUT ROWID;

CREATE INDEX cost_constructs_by_project ON cost_constructs (project_id);

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

CREATE INDEX cost_events_by_construct ON cost_events (construct_id, occurred_at, id) WHERE construct_id IS NOT NULL;

CREATE INDEX cost_events_by_occurred_at ON cost_events (occurred_at, id);

CREATE INDEX cost_events_by_project ON cost_events (project_id, occurred_at, id) WHERE project_id IS NOT NULL;

CREATE INDEX cost_events_by_session ON cost_events (session_id, occurred_at, id) WHERE session_id IS NOT NULL;

CREATE TABLE cost_progress (
    name TEXT NOT NULL PRIMARY KEY,
    last_position INTEGER NOT NULL CHECK (last_position >= 1),
    prices TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE INDEX cost_rollups_by_time ON cost_rollups (dimension, span_ms, starts_at);

CREATE TABLE cost_sessions (
    session_id TEXT NOT NULL PRIMARY KEY,
    construct_id TEXT NOT NULL,
    agent TEXT NOT NULL
, since_position INTEGER NOT NULL DEFAULT 0 CHECK (since_position >= 0), placed_position INTEGER NOT NULL DEFAULT 0 CHECK (placed_position >= 0)) STRICT, WITHOUT ROWID;

CREATE INDEX cost_sessions_by_construct ON cost_sessions (construct_id);

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

CREATE TABLE dead_letter_redrives (
    id TEXT NOT NULL PRIMARY KEY,
    filter TEXT NOT NULL CHECK (json_valid(filter) AND json_type(filter) = 'object'),
    rate_per_second REAL NOT NULL CHECK (rate_per_second > 0),
    status TEXT NOT NULL CHECK (status IN ('RUNNING', 'DONE', 'CANCELLED')),
    -- Letters that came later are left alone.
    through_seq INTEGER NOT NULL CHECK (through_seq >= 0),
    -- How far this pass has come, and what the passes before it and this one have retried.
    cursor_seq INTEGER NOT NULL CHECK (cursor_seq >= 0),
    pass_retried INTEGER NOT NULL CHECK (pass_retried >= 0),
    matched INTEGER NOT NULL CHECK (matched >= 0),
    retried INTEGER NOT NULL CHECK (retried >= 0),
    failed INTEGER NOT NULL CHECK (failed >= 0),
    -- From when on, and from how many on, the rate is counted.
    paced_from_at INTEGER NOT NULL,
    paced_from_count INTEGER NOT NULL CHECK (paced_from_count >= 0),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    ended_at INTEGER, pass_left INTEGER NOT NULL DEFAULT 0 CHECK (pass_left >= 0),
    CHECK ((status = 'RUNNING') = (ended_at IS NULL))
) STRICT;

CREATE INDEX dead_letter_redrives_by_created_at ON dead_letter_redrives (created_at, id);

CREATE INDEX dead_letter_redrives_by_ended_at ON dead_letter_redrives (ended_at, id) WHERE ended_at IS NOT NULL;

CREATE INDEX dead_letter_redrives_by_running ON dead_letter_redrives (created_at, id) WHERE ended_at IS NULL;

CREATE TABLE dead_letter_settlements (
    id INTEGER NOT NULL PRIMARY KEY,
    consumer TEXT NOT NULL,
    -- Only letters whose last failure was before this instant; NULL: whenever.
    failed_before INTEGER,
    -- Letters that came later are left alone.
    through_seq INTEGER NOT NULL CHECK (through_seq >= 0),
    -- The consumer itself is no more.
    is_forgotten INTEGER NOT NULL CHECK (is_forgotten IN (0, 1)),
    -- The entity id of the last letter that was looked at.
    cursor TEXT NOT NULL
) STRICT;

CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    -- In the order of arrival: letters of one key are retried in it.
    seq INTEGER NOT NULL UNIQUE CHECK (seq >= 1),
    source TEXT NOT NULL CHECK (length(source) BETWEEN 1 AND 200),
    -- What must be done in order: letters of one source with the same key.
    key TEXT CHECK (length(key) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    -- What failed.
    entity_type TEXT CHECK (length(entity_type) BETWEEN 1 AND 200),
    entity_id TEXT CHECK (length(entity_id) BETWEEN 1 AND 500),
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    -- What the payload was before it was edited for the first time.
    original_payload TEXT CHECK (json_valid(original_payload)),
    -- The last failure, in the shape of the error contract, and its code.
    error TEXT NOT NULL CHECK (json_valid(error) AND json_type(error) = 'object'),
    code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
    fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'),
    attempts INTEGER NOT NULL CHECK (attempts >= 1),
    retries INTEGER NOT NULL CHECK (retries >= 0),
    first_failed_at INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL,
    next_retry_at INTEGER,
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'RETRYING', 'RESOLVED', 'DISCARDED')),
    -- The retry under way, or the last one: when it began, when it is given up, and what came of it.
    retry_started_at INTEGER,
    retry_expires_at INTEGER,
    retry_entity_type TEXT CHECK (length(retry_entity_type) BETWEEN 1 AND 200),
    retry_entity_id TEXT CHECK (length(retry_entity_id) BETWEEN 1 AND 500),
    redrive_id TEXT,
    edited_at INTEGER,
    edited_by TEXT,
    resolution TEXT CHECK (length(resolution) >= 1),
    ended_at INTEGER,
    ended_by TEXT,
    created_at INTEGER NOT NULL,
    CHECK (first_failed_at <= last_failed_at),
    CHECK ((entity_type IS NULL) = (entity_id IS NULL)),
    CHECK ((retry_entity_type IS NULL) = (retry_entity_id IS NULL)),
    CHECK ((status IN ('RESOLVED', 'DISCARDED')) = (ended_at IS NOT NULL)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK (ended_at IS NOT NULL OR resolution IS NULL),
    CHECK ((status = 'RETRYING') = (retry_expires_at IS NOT NULL)),
    CHECK (status <> 'RETRYING' OR retry_started_at IS NOT NULL),
    CHECK (status = 'PENDING' OR next_retry_at IS NULL),
    CHECK ((edited_at IS NULL) = (edited_by IS NULL)),
    CHECK ((edited_at IS NULL) = (original_payload IS NULL))
) STRICT;

CREATE INDEX dead_letters_by_construct_id ON dead_letters (construct_id, seq) WHERE construct_id IS NOT NULL;

CREATE INDEX dead_letters_by_ended_at ON dead_letters (ended_at, id) WHERE ended_at IS NOT NULL;

CREATE INDEX dead_letters_by_entity ON dead_letters (entity_type, entity_id, seq) WHERE entity_id IS NOT NULL;

CREATE UNIQUE INDEX dead_letters_by_entity_open ON dead_letters (source, entity_type, entity_id)
WHERE status IN ('PENDING', 'RETRYING') AND entity_id IS NOT NULL;

CREATE INDEX dead_letters_by_fingerprint ON dead_letters (fingerprint, status, seq);

CREATE INDEX dead_letters_by_key ON dead_letters (key, seq) WHERE key IS NOT NULL;

CREATE INDEX dead_letters_by_key_open ON dead_letters (source, key, seq)
WHERE status IN ('PENDING', 'RETRYING') AND key IS NOT NULL;

CREATE INDEX dead_letters_by_next_retry_at ON dead_letters (source, next_retry_at, seq) WHERE next_retry_at IS NOT NULL;

CREATE INDEX dead_letters_by_redrive_id_open ON dead_letters (redrive_id) WHERE status = 'RETRYING';

CREATE INDEX dead_letters_by_retry ON dead_letters (retry_entity_type, retry_entity_id, seq)
WHERE retry_entity_id IS NOT NULL;

CREATE INDEX dead_letters_by_retry_expires_at ON dead_letters (retry_expires_at) WHERE retry_expires_at IS NOT NULL;

CREATE INDEX dead_letters_by_retry_open ON dead_letters (retry_entity_type, retry_entity_id)
WHERE status = 'RETRYING' AND retry_entity_id IS NOT NULL;

CREATE INDEX dead_letters_by_source ON dead_letters (source, status, seq);

CREATE INDEX dead_letters_by_status ON dead_letters (status, seq);

CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    target_id TEXT NOT NULL REFERENCES delivery_targets (id),
    -- What a receiver knows the message by: that of a delivery which is sent again stays.
    webhook_id TEXT NOT NULL CHECK (length(webhook_id) BETWEEN 1 AND 200 AND webhook_id NOT GLOB '*[^!-~]*'),
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    construct_id TEXT,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    -- Of the event; of what is sent again, the head of the log at that time. It gives the order.
    position INTEGER NOT NULL CHECK (position >= 0),
    body TEXT NOT NULL CHECK (json_valid(body)),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    -- Only of what is the next of its entity; what waits behind it has none.
    next_attempt_at INTEGER,
    last_attempt_at INTEGER,
    last_status_code INTEGER,
    last_error TEXT CHECK (json_valid(last_error)),
    resend_of TEXT,
    dead_letter_id TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER, arrived_as TEXT CHECK (arrived_as IS NULL OR status = 'FAILED'),
    CHECK ((status = 'PENDING') = (ended_at IS NULL)),
    CHECK (status = 'PENDING' OR next_attempt_at IS NULL),
    CHECK (status <> 'DELIVERED' OR (attempts >= 1 AND last_error IS NULL)),
    CHECK (status <> 'FAILED' OR last_error IS NOT NULL),
    CHECK (status = 'FAILED' OR dead_letter_id IS NULL),
    CHECK ((attempts = 0) = (last_attempt_at IS NULL))
) STRICT;

CREATE INDEX deliveries_by_construct_id ON deliveries (construct_id, created_at, id) WHERE construct_id IS NOT NULL;

CREATE INDEX deliveries_by_created_at ON deliveries (created_at, id);

CREATE INDEX deliveries_by_ended_at ON deliveries (status, ended_at, id);

CREATE INDEX deliveries_by_entity ON deliveries (target_id, entity_type, entity_id, position, id)
WHERE status = 'PENDING';

CREATE INDEX deliveries_by_event_id ON deliveries (event_id, created_at, id);

CREATE INDEX deliveries_by_next_attempt_at ON deliveries (target_id, next_attempt_at, position)
WHERE next_attempt_at IS NOT NULL;

CREATE INDEX deliveries_by_status ON deliveries (status, created_at, id);

CREATE INDEX deliveries_by_target_id ON deliveries (target_id, created_at, id);

CREATE INDEX deliveries_by_target_id_pending ON deliveries (target_id, created_at, id) WHERE status = 'PENDING';

CREATE TABLE delivery_targets (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    url TEXT NOT NULL CHECK (length(url) BETWEEN 8 AND 2000),
    -- As Standard Webhooks writes it; each request is signed with it, so it is kept as it is.
    secret TEXT NOT NULL CHECK (secret GLOB 'whsec_*'),
    -- Lists of texts; an empty one says nothing.
    event_types TEXT NOT NULL CHECK (json_valid(event_types) AND json_type(event_types) = 'array'),
    construct_ids TEXT NOT NULL CHECK (json_valid(construct_ids) AND json_type(construct_ids) = 'array'),
    allow_private INTEGER NOT NULL CHECK (allow_private IN (0, 1)),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    disabled_reason TEXT,
    -- Up to where the log was looked at for it.
    followed_position INTEGER NOT NULL CHECK (followed_position >= 0),
    -- Failed attempts since the last one that succeeded, and what follows from them.
    failures INTEGER NOT NULL CHECK (failures >= 0),
    opened_at INTEGER,
    closed_until_at INTEGER,
    last_success_at INTEGER,
    last_error TEXT CHECK (json_valid(last_error)),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, previous_secrets TEXT NOT NULL DEFAULT '[]'
CHECK (json_valid(previous_secrets) AND json_type(previous_secrets) = 'array'),
    CHECK (enabled = 0 OR disabled_reason IS NULL),
    CHECK ((opened_at IS NULL) = (closed_until_at IS NULL)),
    CHECK (opened_at IS NULL OR failures >= 1)
) STRICT;

CREATE INDEX delivery_targets_by_created_at ON delivery_targets (created_at, id);

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

CREATE INDEX document_versions_by_superseded_at ON document_versions (superseded_at) WHERE superseded_at IS NOT NULL;

CREATE UNIQUE INDEX document_versions_newest ON document_versions (document_id) WHERE superseded_at IS NULL;

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

CREATE INDEX documents_by_construct_id ON documents (construct_id, updated_at, id) WHERE construct_id IS NOT NULL;

CREATE INDEX documents_by_created_at ON documents (created_at, id);

CREATE INDEX documents_by_kind ON documents (kind, updated_at, id);

CREATE INDEX documents_by_project_id ON documents (project_id, updated_at, id) WHERE project_id IS NOT NULL;

CREATE INDEX documents_by_status ON documents (status, updated_at, id) WHERE status IS NOT NULL;

CREATE INDEX documents_by_story_id ON documents (story_id, updated_at, id) WHERE story_id IS NOT NULL;

CREATE INDEX documents_by_title ON documents (title, id);

CREATE INDEX documents_by_updated_at ON documents (updated_at, id);

CREATE TABLE domain_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    module TEXT NOT NULL,
    construct_id TEXT,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    actor TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    causation_id TEXT,
    occurred_at_utc INTEGER NOT NULL,
    ingested_at_utc INTEGER NOT NULL
) STRICT;

CREATE INDEX domain_events_by_construct ON domain_events (construct_id) WHERE construct_id IS NOT NULL;

CREATE INDEX domain_events_by_construct_time ON domain_events (construct_id, occurred_at_utc)
WHERE construct_id IS NOT NULL;

CREATE INDEX domain_events_by_entity ON domain_events (entity_id, entity_type);

CREATE INDEX domain_events_by_type ON domain_events (type);

CREATE TABLE drift_checks (
    consumer TEXT NOT NULL PRIMARY KEY,
    scope TEXT CHECK (scope IN ('SAMPLE', 'WHOLE')),
    -- The fold's tables were compared as they were at this position.
    position INTEGER CHECK (position >= 0),
    rows INTEGER NOT NULL DEFAULT 0 CHECK (rows >= 0),
    -- Rows that could not be compared: they are made from too much, or from what is not in the log any more.
    skipped INTEGER NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    -- Rows that differ from what the log makes of them, as far as is known.
    differing INTEGER NOT NULL DEFAULT 0 CHECK (differing >= 0),
    checked_at INTEGER,
    took_ms INTEGER CHECK (took_ms >= 0),
    -- Of the rows of each table as the log makes them, by a comparison of the whole fold: a JSON object.
    hashes TEXT CHECK (json_valid(hashes)),
    -- Why the last comparison could not be carried out.
    error TEXT CHECK (json_valid(error)),
    requested_at INTEGER,
    -- How far each table was sampled: a JSON object of keys.
    cursors TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(cursors)),
    CHECK ((scope IS NULL) = (position IS NULL)),
    CHECK (scope IS NULL OR checked_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE drift_rows (
    consumer TEXT NOT NULL,
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    difference TEXT NOT NULL CHECK (difference IN ('ALTERED', 'MISSING', 'UNFOUNDED')),
    found_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, table_name, row_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_origins (
    -- In this log.
    position INTEGER NOT NULL PRIMARY KEY CHECK (position >= 1),
    -- In the log of the store where it happened.
    origin_epoch TEXT NOT NULL,
    origin_position INTEGER NOT NULL CHECK (origin_position >= 1),
    origin_id TEXT NOT NULL,
    origin_ingested_at INTEGER NOT NULL
) STRICT;

CREATE INDEX event_origins_by_origin ON event_origins (origin_epoch, origin_position);

CREATE TABLE imported_references (
    import_id TEXT NOT NULL,
    -- Whose outcome counts it.
    unit INTEGER NOT NULL CHECK (unit >= 1),
    table_name TEXT NOT NULL,
    -- Of the row, as a JSON array.
    row_key TEXT NOT NULL CHECK (json_valid(row_key) AND json_type(row_key) = 'array'),
    column_name TEXT NOT NULL,
    -- As a JSON array of one.
    value TEXT NOT NULL CHECK (json_valid(value) AND json_type(value) = 'array'),
    PRIMARY KEY (import_id, table_name, row_key, column_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE imported_units (
    import_id TEXT NOT NULL REFERENCES imports (id),
    unit INTEGER NOT NULL CHECK (unit >= 1),
    -- What came of it, as a JSON object.
    outcome TEXT NOT NULL CHECK (json_valid(outcome) AND json_type(outcome) = 'object'),
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (import_id, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
    -- The hash of the export's manifest, which holds that of everything else in it.
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64),
    on_conflict TEXT NOT NULL CHECK (on_conflict IN ('FAIL', 'SKIP', 'OVERWRITE', 'RENAME')),
    -- What new ids are made from, so that an import that goes on makes the same ones.
    seed TEXT NOT NULL CHECK (length(seed) = 32),
    -- The plugins whose rows are left out, as a JSON array in order.
    without TEXT NOT NULL CHECK (json_valid(without) AND json_type(without) = 'array'),
    begun_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ingest_files (
    id TEXT NOT NULL PRIMARY KEY,
    path TEXT NOT NULL CHECK (length(path) >= 1),
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    format TEXT NOT NULL CHECK (length(format) >= 1),
    compression TEXT NOT NULL CHECK (compression IN ('NONE', 'GZIP', 'ZSTD')),
    -- READING: not at its end yet (a reader is at work, or was stopped). PARTIAL: at its end but for a line
    -- that is not complete. REPLACED: another file stands at its path now.
    state TEXT NOT NULL CHECK (state IN ('READING', 'READ', 'PARTIAL', 'FAILED', 'REPLACED')),
    problem TEXT,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    modified_at INTEGER NOT NULL CHECK (modified_at >= 0),
    -- Counted in unpacked bytes.
    offset_bytes INTEGER NOT NULL CHECK (offset_bytes >= 0),
    line_count INTEGER NOT NULL CHECK (line_count >= 0),
    message_count INTEGER NOT NULL CHECK (message_count >= 0),
    reject_count INTEGER NOT NULL CHECK (reject_count >= 0),
    head_bytes INTEGER NOT NULL CHECK (head_bytes >= 0),
    head_hash BLOB NOT NULL,
    tail_hash BLOB NOT NULL,
    session_id TEXT REFERENCES sessions (id),
    transcript_id TEXT REFERENCES transcripts (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((state = 'FAILED') = (problem IS NOT NULL)),
    CHECK ((session_id IS NULL) = (transcript_id IS NULL)),
    CHECK (message_count = 0 OR transcript_id IS NOT NULL)
) STRICT;

CREATE INDEX ingest_files_by_device_and_inode ON ingest_files (device, inode);

CREATE INDEX ingest_files_by_head_hash ON ingest_files (head_hash);

CREATE UNIQUE INDEX ingest_files_by_path ON ingest_files (path) WHERE state <> 'REPLACED';

CREATE INDEX ingest_files_by_path_and_id ON ingest_files (path, id);

CREATE INDEX ingest_files_by_session_id ON ingest_files (session_id);

CREATE INDEX ingest_files_by_state ON ingest_files (state, path, id);

CREATE INDEX ingest_files_by_transcript_id ON ingest_files (transcript_id);

CREATE TABLE ingest_rejects (
    id TEXT NOT NULL PRIMARY KEY,
    file_id TEXT NOT NULL REFERENCES ingest_files (id),
    line_number INTEGER NOT NULL CHECK (line_number >= 1),
    offset_bytes INTEGER NOT NULL CHECK (offset_bytes >= 0),
    length_bytes INTEGER NOT NULL CHECK (length_bytes >= 0),
    reason TEXT NOT NULL CHECK (length(reason) >= 1),
    excerpt TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX ingest_rejects_by_file_id ON ingest_rejects (file_id, offset_bytes);

CREATE TABLE job_attempts (
    job_id TEXT NOT NULL REFERENCES sync_jobs (id),
    -- The lease token that the claim gave.
    number INTEGER NOT NULL CHECK (number >= 1),
    worker TEXT NOT NULL CHECK (length(worker) BETWEEN 1 AND 200),
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT CHECK (outcome IN ('COMPLETED', 'FAILED', 'WAITING', 'RELEASED', 'LAPSED', 'CANCELLED')),
    error TEXT CHECK (length(error) >= 1),
    PRIMARY KEY (job_id, number),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE job_checkpoints (
    job_id TEXT NOT NULL REFERENCES sync_jobs (id),
    phase TEXT NOT NULL CHECK (length(phase) BETWEEN 1 AND 200),
    -- Grows with each save within the job: the largest is the latest.
    seq INTEGER NOT NULL CHECK (seq >= 1),
    data TEXT NOT NULL CHECK (json_valid(data)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, phase)
) STRICT;

CREATE TABLE job_limits (
    kind TEXT NOT NULL PRIMARY KEY CHECK (length(kind) BETWEEN 1 AND 200),
    running_max INTEGER CHECK (running_max >= 0),
    running_per_key_max INTEGER CHECK (running_per_key_max >= 1),
    updated_at INTEGER NOT NULL,
    CHECK (running_max IS NOT NULL OR running_per_key_max IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_schedules (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    cron TEXT CHECK (length(cron) BETWEEN 9 AND 200),
    every_ms INTEGER CHECK (every_ms >= 1000),
    timezone TEXT NOT NULL CHECK (length(timezone) BETWEEN 1 AND 200),
    missed TEXT NOT NULL CHECK (missed IN ('SKIP', 'ONCE', 'ALL')),
    overlap TEXT NOT NULL CHECK (overlap IN ('ALLOW', 'SKIP')),
    -- The columns of the jobs that it makes.
    job TEXT NOT NULL CHECK (json_valid(job) AND json_type(job) = 'object' AND job ->> '$.kind' IS NOT NULL),
    starts_at INTEGER,
    paused_at INTEGER,
    -- What went wrong, where it was paused because of that.
    pause_reason TEXT CHECK (length(pause_reason) >= 1),
    -- The first instant that has not been seen to.
    next_at INTEGER NOT NULL,
    -- The first of the instants in a row that made no job because one had not finished.
    overlapped_from INTEGER,
    last_at INTEGER,
    last_job_id TEXT CHECK (length(last_job_id) BETWEEN 1 AND 200),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((cron IS NULL) <> (every_ms IS NULL)),
    CHECK (pause_reason IS NULL OR paused_at IS NOT NULL),
    CHECK ((last_at IS NULL) = (last_job_id IS NULL))
) STRICT;

CREATE INDEX job_schedules_by_created_at ON job_schedules (created_at, id);

CREATE INDEX job_schedules_by_next_at ON job_schedules (next_at) WHERE paused_at IS NULL;

CREATE INDEX job_schedules_by_updated_at ON job_schedules (updated_at) WHERE paused_at IS NULL;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL CHECK (token >= 1),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log_segments (
    first_position INTEGER NOT NULL PRIMARY KEY CHECK (first_position >= 1),
    last_position INTEGER NOT NULL CHECK (last_position >= first_position),
    events INTEGER NOT NULL CHECK (events >= 1),
    file TEXT NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 1),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    archived_at INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER pending_approvals_keep_age
BEFORE UPDATE OF ended_at
ON pending_approvals WHEN OLD.status <> 'PENDING' AND (NEW.ended_at IS NULL OR NEW.ended_at > OLD.ended_at)
BEGIN
    SELECT RAISE(ABORT, 'an approval that has ended grows no younger');
END;

CREATE TRIGGER pending_approvals_keep_end
BEFORE UPDATE OF job_retries, expires_at, expires_run, expires_running_ms, status, decided_by, decider, decided_at,
    decided_sha256, decision_event_id, decision_position, comment
ON pending_approvals WHEN OLD.status <> 'PENDING'
BEGIN
    SELECT RAISE(ABORT, 'an approval that has ended never changes');
END;

CREATE TRIGGER pending_approvals_keep_request
BEFORE UPDATE OF id, construct_id, session_id, job_id, tool, arguments, arguments_sha256, requester, requested_by,
    reason, on_refusal, lifetime_ms, requested_at, requested_position
ON pending_approvals
BEGIN
    SELECT RAISE(ABORT, 'what an approval was asked for never changes');
END;

CREATE TABLE pending_approvals (
    -- Jobs wait for `approval:` and the id, in at most 200 characters.
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 190),
    construct_id TEXT REFERENCES constructs (id),
    session_id TEXT REFERENCES sessions (id),
    job_id TEXT REFERENCES sync_jobs (id),
    -- How often that had been retried: which run of the job it was asked for in. A later run that asks again adopts it.
    job_retries INTEGER CHECK (job_retries >= 0),
    tool TEXT NOT NULL CHECK (length(tool) BETWEEN 1 AND 200),
    -- In the canonical form of RFC 8785, and its hash.
    arguments TEXT NOT NULL CHECK (json_valid(arguments) AND json_type(arguments) = 'object'),
    arguments_sha256 TEXT NOT NULL CHECK (length(arguments_sha256) = 64 AND arguments_sha256 NOT GLOB '*[^0-9a-f]*'),
    requester TEXT CHECK (length(requester) BETWEEN 1 AND 200),
    -- The token, or whatever else the store knows the caller by.
    requested_by TEXT NOT NULL,
    reason TEXT CHECK (length(reason) >= 1),
    on_refusal TEXT NOT NULL CHECK (on_refusal IN ('FAIL', 'RESUME')),
    lifetime_ms INTEGER NOT NULL CHECK (lifetime_ms >= 1),
    requested_at INTEGER NOT NULL,
    -- Where the event that tells the request stands in the log: as long as that is there, the row must say what it says.
    requested_position INTEGER NOT NULL CHECK (requested_position >= 1),
    -- When it lapses: by the clock, for people, and by the running time of a run of the machine, which decides.
    expires_at INTEGER NOT NULL,
    expires_run TEXT NOT NULL,
    expires_running_ms INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED')),
    decided_by TEXT,
    decider TEXT CHECK (length(decider) BETWEEN 1 AND 200),
    decided_at INTEGER,
    decided_sha256 TEXT,
    -- The event that tells the decision: the row must say what it says.
    decision_event_id TEXT,
    -- Where that stands in the log, which tells whether it can have left it for the archive.
    decision_position INTEGER CHECK (decision_position >= 1),
    comment TEXT CHECK (length(comment) >= 1),
    -- When it ended, for its age: lowered where a clock that was ahead has written it.
    ended_at INTEGER,
    CHECK ((job_id IS NULL) = (job_retries IS NULL)),
    CHECK ((status = 'PENDING') = (ended_at IS NULL)),
    CHECK ((status IN ('APPROVED', 'REJECTED')) = (decided_at IS NOT NULL)),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_sha256 IS NULL)),
    CHECK ((decided_at IS NULL) = (decision_event_id IS NULL)),
    CHECK ((decided_at IS NULL) = (decision_position IS NULL)),
    CHECK (decided_at IS NOT NULL OR decider IS NULL),
    CHECK (ended_at <= decided_at),
    CHECK (decided_sha256 = arguments_sha256),
    CHECK (status NOT IN ('PENDING', 'EXPIRED') OR comment IS NULL)
) STRICT;

CREATE INDEX pending_approvals_by_construct_id ON pending_approvals (construct_id, requested_at, id)
WHERE construct_id IS NOT NULL;

CREATE INDEX pending_approvals_by_deadline ON pending_approvals (expires_run, expires_running_ms)
WHERE status = 'PENDING';

CREATE INDEX pending_approvals_by_ended_at ON pending_approvals (ended_at, id) WHERE ended_at IS NOT NULL;

CREATE INDEX pending_approvals_by_job_id ON pending_approvals (job_id, requested_at, id) WHERE job_id IS NOT NULL;

CREATE INDEX pending_approvals_by_refused_job ON pending_approvals (job_id)
WHERE status IN ('REJECTED', 'EXPIRED') AND on_refusal = 'FAIL' AND job_id IS NOT NULL;

CREATE INDEX pending_approvals_by_requested_at ON pending_approvals (requested_at, id);

CREATE INDEX pending_approvals_by_requester ON pending_approvals (requester, requested_at, id)
WHERE requester IS NOT NULL;

CREATE INDEX pending_approvals_by_session_id ON pending_approvals (session_id, requested_at, id)
WHERE session_id IS NOT NULL;

CREATE INDEX pending_approvals_by_status ON pending_approvals (status, requested_at, id);

CREATE INDEX pending_approvals_by_tool ON pending_approvals (tool, requested_at, id);

CREATE INDEX pending_approvals_by_waiting_job ON pending_approvals (job_id)
WHERE status = 'PENDING' AND job_id IS NOT NULL;

CREATE TABLE project_constructs (
    construct_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE project_states (
    project_id TEXT NOT NULL,
    state TEXT NOT NULL,
    workflows INTEGER NOT NULL CHECK (workflows >= 0),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    open_since_ms INTEGER NOT NULL,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    closed_ms INTEGER NOT NULL CHECK (closed_ms >= 0),
    PRIMARY KEY (project_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE project_statuses (
    project_id TEXT NOT NULL,
    status TEXT NOT NULL,
    constructs INTEGER NOT NULL CHECK (constructs >= 1),
    PRIMARY KEY (project_id, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    project_id TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    workflows INTEGER NOT NULL CHECK (workflows >= 0),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    constructs INTEGER NOT NULL CHECK (constructs >= 0),
    open_constructs INTEGER NOT NULL CHECK (open_constructs BETWEEN 0 AND constructs),
    transitions INTEGER NOT NULL CHECK (transitions >= 0),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    CHECK (workflows + constructs >= 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX projects_by_last_at ON projects (last_at, project_id);

CREATE INDEX projects_by_status ON projects (status, last_at, project_id);

CREATE TABLE registered_tables (
    name TEXT NOT NULL PRIMARY KEY,
    plugin TEXT NOT NULL,
    record TEXT NOT NULL CHECK (json_valid(record))
) STRICT, WITHOUT ROWID;

CREATE TABLE saved_search_hits (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    search_id TEXT NOT NULL REFERENCES saved_searches (id),
    kind TEXT NOT NULL CHECK (kind <> ''),
    entity_id TEXT NOT NULL CHECK (entity_id <> ''),
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    hit_at INTEGER NOT NULL,
    UNIQUE (search_id, kind, entity_id, ordinal)
) STRICT;

CREATE INDEX saved_search_hits_by_hit_at ON saved_search_hits (hit_at);

CREATE INDEX saved_search_hits_by_search_id ON saved_search_hits (search_id, key);

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

CREATE TABLE schema_migrations (
    plugin TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    name TEXT NOT NULL,
    checksum TEXT NOT NULL CHECK (length(checksum) = 64),
    applied_at INTEGER NOT NULL,
    applied_by TEXT NOT NULL,
    PRIMARY KEY (plugin, number)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE search_model_parts (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    number INTEGER NOT NULL CHECK (number >= 0),
    content BLOB NOT NULL,
    PRIMARY KEY (model_key, number)
) STRICT;

CREATE TABLE search_models (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    embedder TEXT NOT NULL CHECK (embedder <> ''),
    model TEXT NOT NULL CHECK (model <> ''),
    dimension INTEGER NOT NULL CHECK (dimension BETWEEN 1 AND 8192),
    state TEXT NOT NULL CHECK (state IN ('FILLING', 'READY', 'RETIRED')),
    head_id INTEGER NOT NULL CHECK (head_id >= 0),
    documents INTEGER NOT NULL CHECK (documents >= 0),
    through_id INTEGER NOT NULL DEFAULT 0 CHECK (through_id >= 0),
    middle BLOB NOT NULL CHECK (length(middle) % 256 = 0),
    created_at INTEGER NOT NULL,
    ready_at INTEGER,
    CHECK (state <> 'READY' OR ready_at IS NOT NULL),
    CHECK (state <> 'FILLING' OR ready_at IS NULL)
) STRICT;

CREATE UNIQUE INDEX search_models_by_state ON search_models (state) WHERE state IN ('FILLING', 'READY');

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

CREATE TABLE search_refused (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    document_id INTEGER NOT NULL,
    tries INTEGER NOT NULL CHECK (tries >= 1),
    next_try_at INTEGER NOT NULL,
    PRIMARY KEY (model_key, document_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX search_refused_by_next_try_at ON search_refused (model_key, next_try_at);

CREATE VIRTUAL TABLE search_text USING fts5 (
    title, body, filters,
    content = '', contentless_delete = 1, tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE 'search_text_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'search_text_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'search_text_docsize'(id INTEGER PRIMARY KEY, sz BLOB, origin INTEGER);

CREATE TABLE 'search_text_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE search_values (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    dimension TEXT NOT NULL CHECK (dimension <> ''),
    value TEXT NOT NULL CHECK (value <> ''),
    UNIQUE (dimension, value)
) STRICT;

CREATE TABLE search_vector_blocks (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    number INTEGER NOT NULL CHECK (number >= 1),
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    documents INTEGER NOT NULL CHECK (documents >= 1),
    ids BLOB NOT NULL,
    bits BLOB NOT NULL,
    PRIMARY KEY (model_key, number),
    CHECK (first_id <= last_id),
    CHECK (length(ids) = 8 * documents),
    CHECK (length(bits) % (8 * documents) = 0)
) STRICT;

CREATE TABLE search_vectors (
    model_key INTEGER NOT NULL REFERENCES search_models (key),
    document_id INTEGER NOT NULL,
    scale REAL NOT NULL CHECK (scale > 0),
    levels BLOB NOT NULL,
    PRIMARY KEY (model_key, document_id)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE search_words USING fts5vocab('search_text', 'row');

CREATE TABLE session_activity (
    session_id TEXT NOT NULL PRIMARY KEY,
    construct_id TEXT,
    messages INTEGER NOT NULL CHECK (messages >= 0),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session_contexts (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    session_id TEXT REFERENCES sessions (id),
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    channel TEXT CHECK (length(channel) BETWEEN 1 AND 200),
    thread_ts TEXT CHECK (length(thread_ts) BETWEEN 1 AND 200),
    state TEXT NOT NULL CHECK (json_valid(state) AND json_type(state) = 'object'),
    last_used_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((channel IS NULL) = (thread_ts IS NULL))
) STRICT;

CREATE INDEX session_contexts_by_channel ON session_contexts (channel, last_used_at, id) WHERE channel IS NOT NULL;

CREATE INDEX session_contexts_by_created_at ON session_contexts (created_at, id);

CREATE INDEX session_contexts_by_last_used_at ON session_contexts (last_used_at, id);

CREATE INDEX session_contexts_by_session_id ON session_contexts (session_id, last_used_at, id)
WHERE session_id IS NOT NULL;

CREATE INDEX session_contexts_by_thread ON session_contexts (channel, thread_ts, last_used_at, id)
WHERE channel IS NOT NULL;

CREATE INDEX session_contexts_by_user_id ON session_contexts (user_id, last_used_at, id) WHERE user_id IS NOT NULL;

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    -- No key: a sub-agent's files may be read before those of the session that
    -- started it, and a family of sessions is deleted in batches, in any order.
    parent_session_id TEXT CHECK (length(parent_session_id) BETWEEN 1 AND 200),
    agent TEXT CHECK (length(agent) BETWEEN 1 AND 200),
    title TEXT CHECK (length(title) >= 1),
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    project_id TEXT CHECK (length(project_id) BETWEEN 1 AND 200),
    status TEXT NOT NULL CHECK (status IN ('ACTIVE', 'ENDED', 'FAILED', 'CANCELLED')),
    started_at INTEGER NOT NULL,
    last_activity_at INTEGER NOT NULL,
    ended_at INTEGER,
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (parent_session_id <> id),
    CHECK ((status = 'ACTIVE') = (ended_at IS NULL)),
    CHECK (last_activity_at >= started_at),
    CHECK (ended_at >= started_at)
) STRICT;

CREATE INDEX sessions_by_agent ON sessions (agent, started_at, id) WHERE agent IS NOT NULL;

CREATE INDEX sessions_by_construct_id ON sessions (construct_id, started_at, id) WHERE construct_id IS NOT NULL;

CREATE INDEX sessions_by_created_at ON sessions (created_at, id);

CREATE INDEX sessions_by_last_activity_at ON sessions (last_activity_at, id);

CREATE INDEX sessions_by_parent_session_id ON sessions (parent_session_id, started_at, id)
WHERE parent_session_id IS NOT NULL;

CREATE INDEX sessions_by_project_id ON sessions (project_id, started_at, id) WHERE project_id IS NOT NULL;

CREATE INDEX sessions_by_started_at ON sessions (started_at, id);

CREATE INDEX sessions_by_status ON sessions (status, started_at, id);

CREATE INDEX sessions_by_status_and_activity ON sessions (status, last_activity_at, id);

CREATE INDEX sessions_by_user_id ON sessions (user_id, started_at, id) WHERE user_id IS NOT NULL;

CREATE TABLE set_aside_events (
    consumer TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    event_id TEXT CHECK ((event_id IS NULL) = (position = 0)),
    error TEXT NOT NULL CHECK (json_valid(error)),
    set_aside_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, position, entity_type, entity_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE stories (
    story_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    workflows INTEGER NOT NULL CHECK (workflows >= 1),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    transitions INTEGER NOT NULL CHECK (transitions >= 1),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX stories_by_last_at ON stories (last_at, story_id);

CREATE INDEX stories_by_project_id ON stories (project_id, last_at, story_id) WHERE project_id IS NOT NULL;

CREATE INDEX stories_by_status ON stories (status, last_at, story_id);

CREATE TABLE story_states (
    story_id TEXT NOT NULL,
    state TEXT NOT NULL,
    workflows INTEGER NOT NULL CHECK (workflows >= 0),
    open_workflows INTEGER NOT NULL CHECK (open_workflows BETWEEN 0 AND workflows),
    open_since_ms INTEGER NOT NULL,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    closed_ms INTEGER NOT NULL CHECK (closed_ms >= 0),
    PRIMARY KEY (story_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_attempts (
    module TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    id TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'ABANDONED')),
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    units INTEGER NOT NULL DEFAULT 0 CHECK (units >= 0),
    runs INTEGER NOT NULL DEFAULT 1 CHECK (runs >= 1),
    cursor TEXT,
    requested TEXT CHECK (requested IN ('RETRY', 'RESYNC', 'RESUME')),
    error TEXT CHECK (json_valid(error)),
    PRIMARY KEY (module, number),
    UNIQUE (module, id),
    CHECK ((outcome = 'RUNNING') = (ended_at IS NULL)),
    CHECK ((outcome = 'FAILED') = (error IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE sync_jobs (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    project_id TEXT CHECK (length(project_id) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    -- No keys: the jobs of a family end, and are deleted, at times of their own.
    parent_id TEXT CHECK (length(parent_id) BETWEEN 1 AND 200),
    replay_of TEXT CHECK (length(replay_of) BETWEEN 1 AND 200),
    schedule_id TEXT CHECK (length(schedule_id) BETWEEN 1 AND 200),
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 200),
    key TEXT CHECK (length(key) BETWEEN 1 AND 200),
    command TEXT CHECK (length(command) >= 1),
    params TEXT NOT NULL CHECK (json_valid(params) AND json_type(params) = 'object'),
    caller TEXT CHECK (length(caller) BETWEEN 1 AND 200),
    response_channel TEXT CHECK (length(response_channel) BETWEEN 1 AND 200),
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
    max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
    on_lapse TEXT NOT NULL CHECK (on_lapse IN ('REQUEUE', 'FAIL')),
    idempotency_key TEXT CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    phase TEXT CHECK (length(phase) BETWEEN 1 AND 200),
    -- Those that count: one that ended in waiting, or was given back, does not.
    attempts INTEGER NOT NULL CHECK (attempts BETWEEN 0 AND max_attempts),
    run_after INTEGER NOT NULL,
    waiting_for TEXT CHECK (length(waiting_for) BETWEEN 1 AND 200),
    lease_owner TEXT CHECK (length(lease_owner) BETWEEN 1 AND 200),
    -- Grows with each claim and is never set back: who holds an older one has lost the job.
    lease_token INTEGER NOT NULL CHECK (lease_token >= 0),
    lease_ms INTEGER CHECK (lease_ms >= 1),
    lease_expires_at INTEGER,
    cancel_requested_at INTEGER,
    result TEXT CHECK (json_valid(result)),
    error_message TEXT CHECK (length(error_message) >= 1),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    updated_at INTEGER NOT NULL, retries INTEGER NOT NULL DEFAULT 0 CHECK (retries >= 0),
    CHECK (parent_id <> id),
    CHECK (replay_of <> id),
    CHECK ((status = 'RUNNING') = (lease_owner IS NOT NULL)),
    CHECK ((status = 'RUNNING') = (lease_ms IS NOT NULL)),
    CHECK ((status = 'RUNNING') = (lease_expires_at IS NOT NULL)),
    CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (completed_at IS NOT NULL)),
    CHECK (status NOT IN ('RUNNING', 'WAITING', 'COMPLETED') OR started_at IS NOT NULL),
    CHECK ((started_at IS NULL) = (lease_token = 0)),
    CHECK (status <> 'PENDING' OR attempts < max_attempts),
    CHECK (status = 'WAITING' OR waiting_for IS NULL),
    CHECK (status IN ('RUNNING', 'COMPLETED', 'CANCELLED') OR cancel_requested_at IS NULL),
    CHECK (status = 'COMPLETED' OR result IS NULL),
    CHECK (status <> 'FAILED' OR error_message IS NOT NULL)
) STRICT;

CREATE INDEX sync_jobs_by_change ON sync_jobs (updated_at)
WHERE status = 'PENDING' AND (run_after <= updated_at OR attempts > 0);

CREATE INDEX sync_jobs_by_claim ON sync_jobs (kind, priority, run_after, id, key) WHERE status = 'PENDING';

CREATE INDEX sync_jobs_by_completed_at ON sync_jobs (completed_at, id) WHERE completed_at IS NOT NULL;

CREATE INDEX sync_jobs_by_construct_id ON sync_jobs (construct_id, created_at, id) WHERE construct_id IS NOT NULL;

CREATE INDEX sync_jobs_by_created_at ON sync_jobs (created_at, id);

CREATE UNIQUE INDEX sync_jobs_by_idempotency_key ON sync_jobs (kind, idempotency_key)
WHERE idempotency_key IS NOT NULL;

CREATE INDEX sync_jobs_by_key ON sync_jobs (key, created_at, id) WHERE key IS NOT NULL;

CREATE INDEX sync_jobs_by_kind ON sync_jobs (kind, created_at, id);

CREATE INDEX sync_jobs_by_kind_and_status ON sync_jobs (kind, status);

CREATE INDEX sync_jobs_by_lease ON sync_jobs (lease_expires_at) WHERE status = 'RUNNING';

CREATE INDEX sync_jobs_by_lease_begin ON sync_jobs (lease_expires_at - lease_ms) WHERE status = 'RUNNING';

CREATE INDEX sync_jobs_by_parent_id ON sync_jobs (parent_id, created_at, id) WHERE parent_id IS NOT NULL;

CREATE INDEX sync_jobs_by_project_id ON sync_jobs (project_id, created_at, id) WHERE project_id IS NOT NULL;

CREATE INDEX sync_jobs_by_replay_of ON sync_jobs (replay_of, created_at, id) WHERE replay_of IS NOT NULL;

CREATE INDEX sync_jobs_by_running ON sync_jobs (kind, key) WHERE status = 'RUNNING';

CREATE INDEX sync_jobs_by_schedule_id ON sync_jobs (schedule_id, created_at, id) WHERE schedule_id IS NOT NULL;

CREATE INDEX sync_jobs_by_status ON sync_jobs (status, created_at, id);

CREATE INDEX sync_jobs_by_user_id ON sync_jobs (user_id, created_at, id) WHERE user_id IS NOT NULL;

CREATE INDEX sync_jobs_by_wait_until ON sync_jobs (run_after) WHERE status = 'WAITING';

CREATE INDEX sync_jobs_by_waiting_for ON sync_jobs (waiting_for) WHERE waiting_for IS NOT NULL;

CREATE TABLE sync_state (
    module TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('FOLD', 'MIRROR', 'OUTSIDE')),
    expected_interval_ms INTEGER CHECK (expected_interval_ms >= 0),
    cursor TEXT,
    heard_at INTEGER,
    last_attempt_at INTEGER,
    last_success_at INTEGER,
    error TEXT CHECK (json_valid(error)),
    disabled_at INTEGER,
    requested TEXT CHECK (requested IN ('RETRY', 'RESYNC', 'RESUME')),
    requested_at INTEGER,
    told_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    published TEXT CHECK (json_valid(published)),
    published_position INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((published IS NULL) = (published_position IS NULL)),
    CHECK ((requested IS NULL) = (requested_at IS NULL)),
    CHECK (told_at IS NULL OR requested IS NOT NULL),
    CHECK (heard_at IS NULL OR last_attempt_at IS NOT NULL),
    CHECK (disabled_at IS NULL OR heard_at IS NULL),
    CHECK (
        kind = 'OUTSIDE'
        OR coalesce(expected_interval_ms, cursor, heard_at, last_attempt_at, last_success_at, error, disabled_at,
            requested) IS NULL
    )
) STRICT, WITHOUT ROWID;

CREATE TABLE thread_sessions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    channel TEXT NOT NULL CHECK (length(channel) BETWEEN 1 AND 200),
    thread_ts TEXT NOT NULL CHECK (length(thread_ts) BETWEEN 1 AND 200),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    user_id TEXT CHECK (length(user_id) BETWEEN 1 AND 200),
    last_message_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX thread_sessions_by_channel ON thread_sessions (channel, last_message_at, id);

CREATE INDEX thread_sessions_by_created_at ON thread_sessions (created_at, id);

CREATE INDEX thread_sessions_by_last_message_at ON thread_sessions (last_message_at, id);

CREATE INDEX thread_sessions_by_session_id ON thread_sessions (session_id, last_message_at, id);

CREATE UNIQUE INDEX thread_sessions_by_thread ON thread_sessions (channel, thread_ts);

CREATE INDEX thread_sessions_by_user_id ON thread_sessions (user_id, last_message_at, id) WHERE user_id IS NOT NULL;

CREATE TABLE timeline_mentions (
    construct_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 1),
    PRIMARY KEY (construct_id, occurred_at, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX timeline_mentions_by_position ON timeline_mentions (position);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes TEXT NOT NULL CHECK (json_valid(scopes) AND json_array_length(scopes) >= 1),
    created_at INTEGER NOT NULL,
    expires_at INTEGER CHECK (expires_at > created_at),
    revoked_at INTEGER CHECK (revoked_at >= created_at),
    last_used_at INTEGER
) STRICT;

CREATE TABLE transcript_activity (
    transcript_id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    messages INTEGER NOT NULL CHECK (messages >= 0),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE transcript_bodies (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    frame BLOB NOT NULL,
    PRIMARY KEY (transcript_key, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE transcript_messages (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    source_id TEXT NOT NULL CHECK (source_id <> ''),
    role TEXT NOT NULL CHECK (role IN ('USER', 'ASSISTANT', 'SYSTEM', 'TOOL')),
    kind TEXT NOT NULL CHECK (kind IN ('TEXT', 'THINKING', 'TOOL_CALL', 'TOOL_RESULT', 'SYSTEM', 'OTHER')),
    form TEXT NOT NULL CHECK (form IN ('TEXT', 'BLOCKS')),
    tool_calls INTEGER NOT NULL CHECK (tool_calls >= 0),
    model TEXT,
    input_tokens INTEGER CHECK (input_tokens >= 0),
    output_tokens INTEGER CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0),
    usage_id TEXT,
    parent_source_id TEXT,
    occurred_at INTEGER,
    content_bytes INTEGER NOT NULL CHECK (content_bytes >= 0),
    metadata_bytes INTEGER NOT NULL CHECK (metadata_bytes >= 0),
    body BLOB CHECK (length(body) = content_bytes + metadata_bytes),
    PRIMARY KEY (transcript_key, seq),
    CHECK ((input_tokens IS NULL) = (output_tokens IS NULL)),
    CHECK ((input_tokens IS NULL) = (cache_read_tokens IS NULL)),
    CHECK ((input_tokens IS NULL) = (cache_write_tokens IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE transcript_responses (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    usage_id TEXT NOT NULL CHECK (usage_id <> ''),
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0), quarter_at INTEGER CHECK (quarter_at % 900000 = 0),
    PRIMARY KEY (transcript_key, usage_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE transcript_sources (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    hash INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    PRIMARY KEY (transcript_key, hash, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE transcript_stretches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
    last_seq INTEGER NOT NULL,
    kind_text INTEGER NOT NULL CHECK (kind_text >= 0),
    kind_thinking INTEGER NOT NULL CHECK (kind_thinking >= 0),
    kind_tool_call INTEGER NOT NULL CHECK (kind_tool_call >= 0),
    kind_tool_result INTEGER NOT NULL CHECK (kind_tool_result >= 0),
    kind_system INTEGER NOT NULL CHECK (kind_system >= 0),
    kind_other INTEGER NOT NULL CHECK (kind_other >= 0),
    format INTEGER NOT NULL CHECK (format >= 1),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 1),
    ids BLOB NOT NULL CHECK (length(ids) % 16 = 0),
    frame BLOB NOT NULL,
    CHECK (
        last_seq - first_seq + 1
        = kind_text + kind_thinking + kind_tool_call + kind_tool_result + kind_system + kind_other
    ),
    CHECK (last_seq >= first_seq)
) STRICT;

CREATE UNIQUE INDEX transcript_stretches_by_seq ON transcript_stretches (transcript_key, last_seq, first_seq);

CREATE TABLE transcript_usage (
    transcript_key INTEGER NOT NULL REFERENCES transcripts (key),
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    cache_read_tokens INTEGER NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens INTEGER NOT NULL CHECK (cache_write_tokens >= 0),
    responses INTEGER NOT NULL CHECK (responses >= 1),
    PRIMARY KEY (transcript_key, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE transcripts (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
    session_id TEXT NOT NULL REFERENCES sessions (id),
    source TEXT,
    title TEXT,
    message_count INTEGER NOT NULL DEFAULT 0,
    kind_text INTEGER NOT NULL DEFAULT 0 CHECK (kind_text >= 0),
    kind_thinking INTEGER NOT NULL DEFAULT 0 CHECK (kind_thinking >= 0),
    kind_tool_call INTEGER NOT NULL DEFAULT 0 CHECK (kind_tool_call >= 0),
    kind_tool_result INTEGER NOT NULL DEFAULT 0 CHECK (kind_tool_result >= 0),
    kind_system INTEGER NOT NULL DEFAULT 0 CHECK (kind_system >= 0),
    kind_other INTEGER NOT NULL DEFAULT 0 CHECK (kind_other >= 0),
    tool_call_count INTEGER NOT NULL DEFAULT 0 CHECK (tool_call_count >= 0),
    size_bytes INTEGER NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
    first_at INTEGER,
    last_at INTEGER,
    tail_count INTEGER NOT NULL DEFAULT 0,
    tail_bytes INTEGER NOT NULL DEFAULT 0 CHECK (tail_bytes >= 0),
    appended_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (message_count = kind_text + kind_thinking + kind_tool_call + kind_tool_result + kind_system + kind_other),
    CHECK (tail_count BETWEEN 0 AND message_count),
    CHECK (tail_count > 0 OR tail_bytes = 0),
    CHECK ((first_at IS NULL) = (last_at IS NULL)),
    CHECK (first_at <= last_at),
    CHECK ((message_count = 0) = (appended_at IS NULL))
) STRICT;

CREATE INDEX transcripts_by_created_at ON transcripts (created_at, id);

CREATE INDEX transcripts_by_session ON transcripts (session_id, created_at, id);

CREATE INDEX transcripts_by_tail ON transcripts (appended_at) WHERE tail_count > 0;

CREATE INDEX transcripts_by_updated_at ON transcripts (updated_at, id);

CREATE TABLE workflow_constructs (
    construct_id TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    PRIMARY KEY (construct_id, workflow_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_machines (
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    version INTEGER NOT NULL CHECK (version >= 1),
    description TEXT,
    states TEXT NOT NULL CHECK (json_valid(states) AND json_type(states) = 'array'),
    initial_states TEXT NOT NULL CHECK (json_valid(initial_states) AND json_type(initial_states) = 'array'),
    final_states TEXT NOT NULL CHECK (json_valid(final_states) AND json_type(final_states) = 'array'),
    transitions TEXT NOT NULL CHECK (json_valid(transitions) AND json_type(transitions) = 'array'),
    saved_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    superseded_at INTEGER,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX workflow_machines_by_name ON workflow_machines (name) WHERE superseded_at IS NULL;

CREATE TABLE workflow_states (
    workflow_id TEXT NOT NULL,
    state TEXT NOT NULL,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    closed_ms INTEGER NOT NULL CHECK (closed_ms >= 0),
    PRIMARY KEY (workflow_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_steps (
    workflow_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    PRIMARY KEY (workflow_id, occurred_at, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_transitions (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
    workflow_id TEXT NOT NULL CHECK (length(workflow_id) BETWEEN 1 AND 200),
    number INTEGER NOT NULL CHECK (number >= 1),
    machine TEXT CHECK (length(machine) BETWEEN 1 AND 200),
    machine_version INTEGER CHECK (machine_version >= 1),
    project_id TEXT CHECK (length(project_id) BETWEEN 1 AND 200),
    story_id TEXT CHECK (length(story_id) BETWEEN 1 AND 200),
    construct_id TEXT REFERENCES constructs (id),
    from_state TEXT CHECK (length(from_state) BETWEEN 1 AND 200),
    to_state TEXT NOT NULL CHECK (length(to_state) BETWEEN 1 AND 200),
    is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
    actor TEXT CHECK (length(actor) BETWEEN 1 AND 200),
    recorded_by TEXT NOT NULL,
    reason TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    superseded_at INTEGER,
    CHECK ((machine IS NULL) = (machine_version IS NULL)),
    CHECK (is_final = 0 OR machine IS NOT NULL),
    UNIQUE (workflow_id, number)
) STRICT;

CREATE INDEX workflow_transitions_by_construct_id ON workflow_transitions (construct_id, occurred_at, number, id)
    WHERE construct_id IS NOT NULL;

CREATE INDEX workflow_transitions_by_machine ON workflow_transitions (machine, to_state) WHERE superseded_at IS NULL;

CREATE INDEX workflow_transitions_by_occurred_at ON workflow_transitions (occurred_at, number, id);

CREATE INDEX workflow_transitions_by_project_id ON workflow_transitions (project_id, occurred_at, number, id)
    WHERE project_id IS NOT NULL;

CREATE INDEX workflow_transitions_by_story_id ON workflow_transitions (story_id, occurred_at, number, id)
    WHERE story_id IS NOT NULL;

CREATE INDEX workflow_transitions_by_superseded_at ON workflow_transitions (superseded_at)
    WHERE superseded_at IS NOT NULL;

CREATE INDEX workflow_transitions_by_workflow_id ON workflow_transitions (workflow_id, occurred_at, number, id);

CREATE UNIQUE INDEX workflow_transitions_current ON workflow_transitions (workflow_id) WHERE superseded_at IS NULL;

CREATE TABLE workflows (
    workflow_id TEXT NOT NULL PRIMARY KEY,
    machine TEXT,
    project_id TEXT,
    story_id TEXT,
    construct_id TEXT,
    state TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ENDED')),
    since_at INTEGER NOT NULL,
    since_position INTEGER NOT NULL CHECK (since_position >= 1),
    first_at INTEGER NOT NULL,
    transitions INTEGER NOT NULL CHECK (transitions >= 1), cost_construct_id TEXT,
    CHECK (first_at <= since_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX workflows_by_construct_id ON workflows (construct_id, since_at, workflow_id)
    WHERE construct_id IS NOT NULL;

CREATE INDEX workflows_by_machine ON workflows (machine, since_at, workflow_id) WHERE machine IS NOT NULL;

CREATE INDEX workflows_by_project_id ON workflows (project_id, since_at, workflow_id) WHERE project_id IS NOT NULL;

CREATE INDEX workflows_by_since_at ON workflows (since_at, workflow_id);

CREATE INDEX workflows_by_state ON workflows (state, since_at, workflow_id);

CREATE INDEX workflows_by_status ON workflows (status, since_at, workflow_id);

CREATE INDEX workflows_by_story_id ON workflows (story_id, since_at, workflow_id) WHERE story_id IS NOT NULL;
