"""What must hold between sessions."""

from __future__ import annotations

from synthetic import Check

# Upwards from each: where that leads back, it is below itself.
_CYCLES = """
SELECT s.id, 'The session ' || s.id || ' is below itself.'
FROM sessions AS s
WHERE s.parent_session_id IS NOT NULL AND EXISTS (
    WITH RECURSIVE ancestors (id, level) AS (
        SELECT s.parent_session_id, 1
        UNION ALL
        SELECT p.parent_session_id, a.level + 1
        FROM ancestors AS a JOIN sessions AS p ON p.id = a.id
        WHERE p.parent_session_id IS NOT NULL AND a.id <> s.id AND a.level < 1000
    )
    SELECT 1 FROM ancestors WHERE ancestors.id = s.id
)
"""

CHECKS = (
    Check(
        name="descent",
        purpose="No session is below itself.",
        sql=_CYCLES,
        entity="session",
        action="Save one of the sessions of the circle with another parentSessionId.",
    ),
)
