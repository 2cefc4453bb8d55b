"""How each agent fares: counts, durations, failures, tokens, interventions, and what stands out.

Tables: `agent_runs` (what each session and job adds), `agent_groups` (which
agents do which work), `agent_metrics` (sums by agent, work, kind and time),
`agent_windows` (what the latest runs of a kind came to) and `agent_outliers`.
Consumers: the fold `agents`.
"""
