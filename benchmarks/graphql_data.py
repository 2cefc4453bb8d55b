"""A store to ask by GraphQL and by hand: constructs with their sessions and transcripts, and many jobs."""

from __future__ import annotations

import time
from pathlib import Path

from synthetic import Transaction
from synthetic.testing import open_test_store

JOBS = 12_000
CONSTRUCTS = 50
SESSIONS_EACH = 2
MESSAGES_EACH = 20
HOURS_MS = 4 * 3_600_000
"""How long ago the first of them was made: lately enough that no service would clear it away."""

SIZES = {"constructs": CONSTRUCTS, "sessions_each": SESSIONS_EACH, "messages_each": MESSAGES_EACH, "jobs": JOBS}

FILL = (
    """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :constructs - 1)
INSERT INTO constructs (id, type, status, title, user_id, metadata, version, created_at, updated_at, started_at)
SELECT
    printf('construct-%04d', n), 'implementation', 'ACTIVE', 'Make part ' || n || ' of the plan', 'user-' || (n % 7),
    '{}', 1, :start_at + n * 60123, :start_at + n * 60123, :start_at + n * 60123
FROM numbers
""",
    """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :sessions_each - 1)
INSERT INTO sessions (
    id, construct_id, agent, title, status, started_at, last_activity_at, metadata, version, created_at, updated_at
)
SELECT
    printf('session-%s-%02d', id, n), id, 'builder-' || n, 'Builds ' || title, 'ACTIVE', created_at + n,
    created_at + n, '{}', 1, created_at + n, created_at + n
FROM constructs, numbers
""",
    """
INSERT INTO transcripts (
    id, session_id, message_count, kind_text, size_bytes, tail_count, tail_bytes, appended_at, created_at, updated_at
)
SELECT
    'transcript-' || id, id, :messages_each, :messages_each, 0, :messages_each, 0, created_at, created_at, created_at
FROM sessions
""",
    """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :messages_each)
INSERT INTO transcript_messages (
    transcript_key, seq, source_id, role, kind, form, tool_calls, occurred_at, content_bytes, metadata_bytes, body
)
SELECT
    key, n, 'message-' || n, CASE n % 2 WHEN 1 THEN 'USER' ELSE 'ASSISTANT' END, 'TEXT', 'TEXT', 0,
    created_at + n * 1017, length(text), 0, CAST(text AS BLOB)
FROM (
    SELECT key, n, created_at, 'What was said in turn ' || n || ' of this conversation about the plan.' AS text
    FROM transcripts, numbers
)
""",
    """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :jobs - 1)
INSERT INTO sync_jobs (
    id, user_id, project_id, construct_id, kind, key, command, params, priority, max_attempts, on_lapse, metadata,
    status, progress, phase, attempts, run_after, lease_token, version, created_at, started_at, completed_at, updated_at
)
SELECT
    printf('job-%06d', n), 'user-' || (n % 50), 'project-' || (n % 49), printf('construct-%04d', n % :constructs),
    'build-' || (n % 10), 'repository-' || (n % 44), 'make target-' || (n % 31), '{"target":"all"}', n % 10, 5,
    'REQUEUE', '{"team":"t"}', 'COMPLETED', 100, 'phase-' || (n % 5), 1, :start_at + n * 1003, 1, 1,
    :start_at + n * 1003, :start_at + 17 + n * 1003, :start_at + 9123 + n * 1003, :start_at + 9123 + n * 1003
FROM numbers
""",
)
"""What each statement makes says enough of the kind of text that a fleet keeps; nothing here is sealed."""


def fill_store(directory: Path) -> None:
    """Make the store in a directory that does not exist yet."""

    values = SIZES | {"start_at": time.time_ns() // 1_000_000 - HOURS_MS}

    def fill(tx: Transaction) -> None:
        for sql in FILL:
            tx.execute(sql, {name: value for name, value in values.items() if f":{name}" in sql})

    with open_test_store(directory) as store:
        store.write(fill)
