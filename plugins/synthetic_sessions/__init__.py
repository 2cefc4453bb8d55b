"""Sessions: runs of agents, what they remember, and where they answer.

A session is one run of an agent. It may work on a construct, and may have been
started by the agent of another session (its parent), as sub-agents are; a
sub-agent's session works on its parent's construct unless it says otherwise.
What happened in a session, message by message, is in transcripts.

A session context is what an agent wants to know again in the next turn of a
conversation: a JSON object by an id, found by channel and thread too. A thread
session says which session answers in a thread of a channel. Channels and
threads are opaque texts, as the chat names them. Both go with their session,
and by age when nobody uses them.

Touches say that something is in use. They are coalesced, change no version and
are no events. An ACTIVE session that nobody has touched for `stale_ms` is stale.

Tables: `sessions`, `session_contexts`, `thread_sessions`.

States: ACTIVE, and the ended ones ENDED, FAILED and CANCELLED, which have
`ended_at`. Any may follow any other: a session can be resumed. Activity
(`last_activity_at`) is no change of a session: its version stays.

Events: `session.saved`, also for each session that inherits a construct;
`session.deleted`; `session_context.saved` and `.deleted`; `thread_session.saved`
and `.deleted`.

Error codes: SESSION_CYCLE, SESSION_TOO_DEEP, and the kernel's BAD_USER_INPUT,
NOT_FOUND and CONFLICT.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
