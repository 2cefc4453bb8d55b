-- Durable work. The status decides which times, lease and outcome a job has, so
-- that a wrong state cannot be stored.
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
    updated_at INTEGER NOT NULL,
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

-- What a claim looks for: of a kind and priority, what has been due for longest. The key is for limits by key.
CREATE INDEX sync_jobs_by_claim ON sync_jobs (kind, priority, run_after, id, key) WHERE status = 'PENDING';
CREATE INDEX sync_jobs_by_running ON sync_jobs (kind, key) WHERE status = 'RUNNING';
CREATE INDEX sync_jobs_by_lease ON sync_jobs (lease_expires_at) WHERE status = 'RUNNING';
-- When a lease began; after the clock was set back, that lies in the future.
CREATE INDEX sync_jobs_by_lease_begin ON sync_jobs (lease_expires_at - lease_ms) WHERE status = 'RUNNING';
-- When those were changed last that are due since, or after a pause since; after the clock was set back, likewise.
CREATE INDEX sync_jobs_by_change ON sync_jobs (updated_at)
WHERE status = 'PENDING' AND (run_after <= updated_at OR attempts > 0);
CREATE INDEX sync_jobs_by_waiting_for ON sync_jobs (waiting_for) WHERE waiting_for IS NOT NULL;
CREATE INDEX sync_jobs_by_wait_until ON sync_jobs (run_after) WHERE status = 'WAITING';
CREATE INDEX sync_jobs_by_completed_at ON sync_jobs (completed_at, id) WHERE completed_at IS NOT NULL;
CREATE UNIQUE INDEX sync_jobs_by_idempotency_key ON sync_jobs (kind, idempotency_key)
WHERE idempotency_key IS NOT NULL;

-- Lists. Each ends in the default order (created_at, id), so that a page of a
-- filtered list is read from one place and nothing is sorted.
CREATE INDEX sync_jobs_by_created_at ON sync_jobs (created_at, id);
CREATE INDEX sync_jobs_by_status ON sync_jobs (status, created_at, id);
CREATE INDEX sync_jobs_by_kind ON sync_jobs (kind, created_at, id);
-- Not for lists: to count, without reading a row.
CREATE INDEX sync_jobs_by_kind_and_status ON sync_jobs (kind, status);
CREATE INDEX sync_jobs_by_user_id ON sync_jobs (user_id, created_at, id) WHERE user_id IS NOT NULL;
CREATE INDEX sync_jobs_by_project_id ON sync_jobs (project_id, created_at, id) WHERE project_id IS NOT NULL;
CREATE INDEX sync_jobs_by_construct_id ON sync_jobs (construct_id, created_at, id) WHERE construct_id IS NOT NULL;
CREATE INDEX sync_jobs_by_parent_id ON sync_jobs (parent_id, created_at, id) WHERE parent_id IS NOT NULL;
CREATE INDEX sync_jobs_by_replay_of ON sync_jobs (replay_of, created_at, id) WHERE replay_of IS NOT NULL;
CREATE INDEX sync_jobs_by_schedule_id ON sync_jobs (schedule_id, created_at, id) WHERE schedule_id IS NOT NULL;
CREATE INDEX sync_jobs_by_key ON sync_jobs (key, created_at, id) WHERE key IS NOT NULL;

-- Where a job can go on from. Saving the same phase again replaces it. With rowids: without them SQLite would keep
-- most of a row of more than a kilobyte in a page of its own.
CREATE TABLE job_checkpoints (
    job_id TEXT NOT NULL REFERENCES sync_jobs (id),
    phase TEXT NOT NULL CHECK (length(phase) BETWEEN 1 AND 200),
    -- Grows with each save within the job: the largest is the latest.
    seq INTEGER NOT NULL CHECK (seq >= 1),
    data TEXT NOT NULL CHECK (json_valid(data)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (job_id, phase)
) STRICT;

-- One row for each claim.
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

-- How many jobs of a kind may run at once, in all and with the same key.
CREATE TABLE job_limits (
    kind TEXT NOT NULL PRIMARY KEY CHECK (length(kind) BETWEEN 1 AND 200),
    running_max INTEGER CHECK (running_max >= 0),
    running_per_key_max INTEGER CHECK (running_per_key_max >= 1),
    updated_at INTEGER NOT NULL,
    CHECK (running_max IS NOT NULL OR running_per_key_max IS NOT NULL)
) STRICT, WITHOUT ROWID;
