"""What the fleet costs: facts, prices, sums by time and by who caused them, and budgets.

Tables: `cost_events` (what somebody has recorded), `budgets` and
`budget_alerts` are facts; the fold `costs` sums up `cost_rollups` of them and
of the usage of messages, with `cost_sessions`, `cost_constructs` (to whom costs
belong now) and `cost_progress`.

States: a period of a budget is OK, WARNED or EXCEEDED; that is computed, and
told once each.

Error codes: PRICES_INVALID, and the kernel's BAD_USER_INPUT, NOT_FOUND and
CONFLICT.
"""
