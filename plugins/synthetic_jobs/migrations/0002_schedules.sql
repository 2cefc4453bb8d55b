-- Jobs that are made by the clock.
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

CREATE INDEX job_schedules_by_next_at ON job_schedules (next_at) WHERE paused_at IS NULL;
-- Finds those that were placed by a clock that was ahead.
CREATE INDEX job_schedules_by_updated_at ON job_schedules (updated_at) WHERE paused_at IS NULL;
CREATE INDEX job_schedules_by_created_at ON job_schedules (created_at, id);
