"""All the SQL of dead letters, and what other plugins may use of this one.

One file a concern: `rows` (how they are read), `saving`, `retrying` (one
letter), `settling` (what comes of it), `settlements` (what ends a consumer's
letters), `policy` (sources, and when a letter is due), `due` (those whose time
has come), `redrives` (asked for), `redriving` (carried out), `filters` and
`groups`. Functions take the transaction, or the store, first.
"""

from __future__ import annotations

from synthetic_dead_letters.model import (
    Criteria,
    DeadLetter,
    DeadLetterStatus,
    LetterError,
    LetterGroup,
    NewDeadLetter,
    Redrive,
    RedriveStatus,
    SavedDeadLetter,
)
from synthetic_dead_letters.sources import DeadLetterSource, RetryOutcome, RetryResult, done, failed, started
from synthetic_dead_letters.store.due import retry_due_letters
from synthetic_dead_letters.store.filters import list_retryable, query_dead_letters, select_dead_letters
from synthetic_dead_letters.store.groups import count_by_status, list_groups
from synthetic_dead_letters.store.policy import sources_of
from synthetic_dead_letters.store.redrives import (
    cancel_redrive,
    count_redrivable,
    find_redrive,
    get_redrive,
    list_redrives,
    redrive_dead_letters,
)
from synthetic_dead_letters.store.redriving import go_on_with_redrives
from synthetic_dead_letters.store.retrying import RetryRequest, increment_retry, retry_dead_letter
from synthetic_dead_letters.store.rows import (
    find_dead_letter,
    find_earlier_open,
    find_letter_retried_as,
    find_open_letter_of,
    find_open_letter_retried_as,
    get_dead_letter,
)
from synthetic_dead_letters.store.saving import save_dead_letter, save_whole_or_reduced
from synthetic_dead_letters.store.settling import (
    discard_dead_letter,
    give_up_lost_retries,
    resolve_dead_letter,
    settle_letter,
    settle_retry_of,
)

__all__ = [
    "Criteria",
    "DeadLetter",
    "DeadLetterSource",
    "DeadLetterStatus",
    "LetterError",
    "LetterGroup",
    "NewDeadLetter",
    "Redrive",
    "RedriveStatus",
    "RetryOutcome",
    "RetryRequest",
    "RetryResult",
    "SavedDeadLetter",
    "cancel_redrive",
    "count_by_status",
    "count_redrivable",
    "discard_dead_letter",
    "done",
    "failed",
    "find_dead_letter",
    "find_earlier_open",
    "find_letter_retried_as",
    "find_open_letter_of",
    "find_open_letter_retried_as",
    "find_redrive",
    "get_dead_letter",
    "get_redrive",
    "give_up_lost_retries",
    "go_on_with_redrives",
    "increment_retry",
    "list_groups",
    "list_redrives",
    "list_retryable",
    "query_dead_letters",
    "redrive_dead_letters",
    "resolve_dead_letter",
    "retry_dead_letter",
    "retry_due_letters",
    "save_dead_letter",
    "save_whole_or_reduced",
    "select_dead_letters",
    "settle_letter",
    "settle_retry_of",
    "sources_of",
    "started",
]
