"""What must hold of deliveries, and no constraint can say."""

from __future__ import annotations

from synthetic import Check

_FIRST = (
    "(SELECT f.id FROM deliveries f WHERE f.target_id = d.target_id AND f.entity_type = d.entity_type"
    " AND f.entity_id = d.entity_id AND f.status = 'PENDING' ORDER BY f.position, f.id LIMIT 1)"
)

CHECKS = (
    Check(
        name="turns",
        purpose="Of the deliveries of one entity to one target, the first that is pending is due, and no other.",
        sql="SELECT d.id, 'The delivery ' || d.id || iif(d.next_attempt_at IS NULL, ' waits behind no other.',"
        " ' is due before its turn.') FROM deliveries d WHERE d.status = 'PENDING'"
        f" AND (d.next_attempt_at IS NOT NULL) <> (d.id = {_FIRST})",
        entity="delivery",
        action="Find out who has changed the store by other means than its own; resend what waits.",
    ),
    Check(
        name="positions",
        purpose="No target was told of more than the log holds.",
        sql="SELECT id, 'The target ' || id || ' follows the log from beyond its end.' FROM delivery_targets"
        " WHERE followed_position > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'domain_events'), 0)",
        entity="delivery_target",
        action="Let a server run: it goes on from the end of the log.",
        effort="light",
    ),
)
