"""Dead letters: work that failed for good, kept until somebody has dealt with it.

Whatever gives work up stores it here in the transaction in which it does so,
with what a retry needs and why it failed. A letter is retried by its source,
which says how (the hook `register_dead_letter_sources`, `hookspecs.py`): by the
store itself when it is due, by a person, or by a redrive, which retries many at
a rate. Letters of one source with the same key are always retried in order.

Tables: `dead_letters`, `dead_letter_redrives`.

States of a letter: PENDING, RETRYING, and the ended ones RESOLVED and
DISCARDED. States of a redrive: RUNNING, DONE and CANCELLED.

Events: `dead_letter.saved`, `dead_letter.retrying`, `dead_letter.failed`,
`dead_letter.edited`, `dead_letter.resolved`, `dead_letter.discarded`,
`dead_letter.deleted`, `dead_letter_redrive.started`,
`dead_letter_redrive.ended`.

Error codes: DEAD_LETTER_ENDED, DEAD_LETTER_RETRYING, DEAD_LETTER_BLOCKED,
DEAD_LETTER_NOT_RETRYABLE, DEAD_LETTER_RETRY_LOST, DEAD_LETTER_SOURCE_CLASH, and
the kernel's BAD_USER_INPUT, NOT_FOUND and CONFLICT.

Other plugins may import `store`, `types`, `events` and `errors`.
"""
