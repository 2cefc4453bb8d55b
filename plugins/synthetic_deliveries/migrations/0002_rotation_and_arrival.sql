-- What requests are signed with beside the present secret, for receivers that do not have that one yet:
-- objects with `secret` and `untilAt`, the newest first.
ALTER TABLE delivery_targets ADD COLUMN previous_secrets TEXT NOT NULL DEFAULT '[]'
CHECK (json_valid(previous_secrets) AND json_type(previous_secrets) = 'array');

-- Of a delivery that has failed for good: the one by which its message has arrived after all.
ALTER TABLE deliveries ADD COLUMN arrived_as TEXT CHECK (arrived_as IS NULL OR status = 'FAILED');

-- The deliveries of one message are among those of its event; a plus keeps other conditions off their indexes.
UPDATE deliveries SET arrived_as = (
    SELECT r.id FROM deliveries AS r
    WHERE r.event_id = deliveries.event_id AND +r.target_id = deliveries.target_id
    AND r.webhook_id = deliveries.webhook_id AND +r.status = 'DELIVERED'
    ORDER BY r.created_at, r.id LIMIT 1
)
WHERE status = 'FAILED' AND EXISTS (
    SELECT 1 FROM deliveries AS r
    WHERE r.event_id = deliveries.event_id AND +r.target_id = deliveries.target_id
    AND r.webhook_id = deliveries.webhook_id AND +r.status = 'DELIVERED'
);
