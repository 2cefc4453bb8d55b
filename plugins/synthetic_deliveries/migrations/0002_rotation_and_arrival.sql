-- What requests are signed with beside the present secret, for receivers that do not have that one yet:
-- objects with `secret` and `untilAt`, the newest first.
ALTER TABLE delivery_targets ADD COLUMN previous_secrets TEXT NOT NULL DEFAULT '[]'
CHECK (json_valid(previous_secrets) AND json_type(previous_secrets) = 'array');

-- Of a delivery that has failed for good: the one by which its message has arrived after all.
ALTER TABLE deliveries ADD COLUMN arrived_as TEXT CHECK (arrived_as IS NULL OR status = 'FAILED');
