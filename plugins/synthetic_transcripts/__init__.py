"""Transcripts: what agents said and did, message by message.

A transcript is the ordered messages of a session. Messages are only ever
appended: each gets the next seq, from 1 without gaps, and one whose source id
the transcript has already changes nothing. About 128 messages are sealed
together as a compressed stretch; what does not fill one stands in the tail.
Idle tails, and those of sessions that are over, are sealed by a service.

Tables: `transcripts`; `transcript_messages`, the tails; `transcript_stretches`,
what is sealed; `transcript_bodies`, large contents; `transcript_sources`, the
index of source ids; `transcript_responses` and `transcript_usage`, what models'
responses cost.

States: a message is in the tail or sealed; readers cannot tell.

Events: `transcript.created`, `transcript.described`,
`transcript.messages_appended` (one for each append that brought something),
`transcript.usage_appended` (what of its usage that had no room for),
`transcript.deleted`. Sealing writes none: readers cannot tell.

Error codes: CONTENT_TOO_LARGE, TRANSCRIPT_DAMAGED, and the kernel's
BAD_USER_INPUT, NOT_FOUND and CONFLICT.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
