"""Deliveries: events of the log, posted to whoever asked to be told.

A target is a URL and what is sent there: events of some types, of some
constructs. Each event that a target wants becomes a delivery: a body that never
changes again, and the attempts to post it, signed as Standard Webhooks
describes. It arrives at least once, under the same `webhook-id` each time; of
one entity, one after the other in the order of the log.

Tables: `delivery_targets`, `deliveries`.

States of a delivery: PENDING, then DELIVERED or FAILED for good. A target is
enabled or not; while it is failing, its circuit is open, and only a single
delivery tries it now and then.

Events: `delivery_target.saved`, `delivery_target.deleted`,
`delivery_target.tested`, `delivery_target.disabled`,
`delivery_target.circuit_opened`, `delivery_target.circuit_closed`,
`delivery_target.events_missed`, `delivery.failed`, `delivery.resent`. No
target is told of these, `delivery_target.tested` apart, so that none can keep
itself busy.

Error codes: DELIVERY_ADDRESS_REFUSED, DELIVERY_TIMED_OUT, DELIVERY_UNREACHABLE,
DELIVERY_ANSWER_BROKEN, DELIVERY_NOT_ACCEPTED, DELIVERY_TARGET_FAILING,
DELIVERY_PENDING, and the kernel's BAD_USER_INPUT, NOT_FOUND and CONFLICT.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
