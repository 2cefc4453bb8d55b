-- How often an operator has given a finished job another attempt. It grows and is never set back, so that what was
-- made for an earlier run can be told from what this one has made.
ALTER TABLE sync_jobs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0 CHECK (retries >= 0);
