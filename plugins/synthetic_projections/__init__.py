"""Projections: read models that are folded from the log, and can be made anew from it at any time.

Tables: `construct_activity` (what has happened in a construct: counts and the
last event), and what its counts are made of, `session_activity` and
`transcript_activity`.
Consumers: the fold `activity`.
States: none.
Error codes: none of its own.
"""
