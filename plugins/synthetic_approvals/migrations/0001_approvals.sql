-- Decisions that are awaited from people. The status decides who has decided and
-- when, so that a wrong state cannot be stored; triggers keep what was asked for,
-- and what has ended, as it is.
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

-- Lists. Each ends in the default order (requested_at, id), so that a page of a
-- filtered list is read from one place and nothing is sorted.
CREATE INDEX pending_approvals_by_requested_at ON pending_approvals (requested_at, id);
CREATE INDEX pending_approvals_by_status ON pending_approvals (status, requested_at, id);
CREATE INDEX pending_approvals_by_tool ON pending_approvals (tool, requested_at, id);
CREATE INDEX pending_approvals_by_construct_id ON pending_approvals (construct_id, requested_at, id)
WHERE construct_id IS NOT NULL;
CREATE INDEX pending_approvals_by_session_id ON pending_approvals (session_id, requested_at, id)
WHERE session_id IS NOT NULL;
CREATE INDEX pending_approvals_by_job_id ON pending_approvals (job_id, requested_at, id) WHERE job_id IS NOT NULL;
CREATE INDEX pending_approvals_by_requester ON pending_approvals (requester, requested_at, id)
WHERE requester IS NOT NULL;

CREATE INDEX pending_approvals_by_deadline ON pending_approvals (expires_run, expires_running_ms)
WHERE status = 'PENDING';
CREATE INDEX pending_approvals_by_waiting_job ON pending_approvals (job_id)
WHERE status = 'PENDING' AND job_id IS NOT NULL;
-- What lets a job fail, be it that the job begins to wait only later.
CREATE INDEX pending_approvals_by_refused_job ON pending_approvals (job_id)
WHERE status IN ('REJECTED', 'EXPIRED') AND on_refusal = 'FAIL' AND job_id IS NOT NULL;
CREATE INDEX pending_approvals_by_ended_at ON pending_approvals (ended_at, id) WHERE ended_at IS NOT NULL;

CREATE TRIGGER pending_approvals_keep_request
BEFORE UPDATE OF id, construct_id, session_id, job_id, tool, arguments, arguments_sha256, requester, requested_by,
    reason, on_refusal, lifetime_ms, requested_at, requested_position
ON pending_approvals
BEGIN
    SELECT RAISE(ABORT, 'what an approval was asked for never changes');
END;

CREATE TRIGGER pending_approvals_keep_end
BEFORE UPDATE OF job_retries, expires_at, expires_run, expires_running_ms, status, decided_by, decider, decided_at,
    decided_sha256, decision_event_id, decision_position, comment
ON pending_approvals WHEN OLD.status <> 'PENDING'
BEGIN
    SELECT RAISE(ABORT, 'an approval that has ended never changes');
END;

-- Once the clock is believed again, what has ended in its future is as old as it can be.
CREATE TRIGGER pending_approvals_keep_age
BEFORE UPDATE OF ended_at
ON pending_approvals WHEN OLD.status <> 'PENDING' AND (NEW.ended_at IS NULL OR NEW.ended_at > OLD.ended_at)
BEGIN
    SELECT RAISE(ABORT, 'an approval that has ended grows no younger');
END;
