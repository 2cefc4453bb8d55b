"""All the SQL of costs: `recording` (what somebody records), `sums` (what was summed up), `budgets` and `alerts`."""
