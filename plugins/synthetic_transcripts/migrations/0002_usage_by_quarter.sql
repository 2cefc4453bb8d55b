-- When a response was given, so that a later word on it is booked where it was
-- first counted: the beginning of its 15 minutes, Unix milliseconds UTC. NULL:
-- it was stored before this was kept.
ALTER TABLE transcript_responses ADD COLUMN quarter_at INTEGER CHECK (quarter_at % 900000 = 0);
