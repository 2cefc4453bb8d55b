"""What must hold of deliveries, and no constraint can say."""

from __future__ import annotations

from synthetic import Check

CHECKS = (
    Check(
        name="turns",
        purpose="Of the pending deliveries of one entity to one target, one is due, and the others wait for it.",
        sql="SELECT min(id), 'Of the pending deliveries of ' || entity_type || ' ' || entity_id || ' to the target '"
        " || target_id || ', ' || count(next_attempt_at) || ' are due, and not one.' FROM deliveries"
        " WHERE status = 'PENDING' GROUP BY target_id, entity_type, entity_id HAVING count(next_attempt_at) <> 1",
        entity="delivery",
        action="Find out who has changed the store by other means than its own. Where none is due, disable the target"
        " and enable it again: then the first goes on.",
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
