"""Sessions: runs of agents.

A session is one run of an agent. It may work on a construct, and may have been
started by the agent of another session (its parent), as sub-agents are; a
sub-agent's session works on its parent's construct unless it says otherwise.
What happened in a session, message by message, is in transcripts.

Tables: `sessions`.

States: ACTIVE, and the ended ones ENDED, FAILED and CANCELLED, which have
`ended_at`. Any may follow any other: a session can be resumed. Activity
(`last_activity_at`) is no change of a session: its version stays.

Events: `session.saved`, also for each session that inherits a construct;
`session.deleted`.

Error codes: SESSION_CYCLE, SESSION_TOO_DEEP, and the kernel's BAD_USER_INPUT,
NOT_FOUND and CONFLICT.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
