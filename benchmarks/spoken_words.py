"""Messages to be searched: made-up words, as often as words are in English, with identifiers among them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate, product

from synthetic import Store
from synthetic_sessions.store import SessionFacts, merge_session_facts
from synthetic_transcripts.store import (
    MessageKind,
    MessageRole,
    NewMessage,
    NewTranscript,
    append_messages,
    ensure_transcript,
)

WORDS = 60_000
WORDS_OF_MESSAGE = 50
MESSAGES_OF_SESSION = 1_000
APPENDED_AT_ONCE = 500
STARTED_AT = 1_760_000_000_000
APART_MS = 20_000
SYLLABLES = [first + second for first, second in product("bdfgklmnprstvz", "aeiou")]


def vocabulary(draw: random.Random) -> list[str]:
    """Words, the most frequent first; one in twenty is an identifier."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        size = 1 + min(3, len(words) // 200 + draw.randrange(2))
        word = "".join(draw.choices(SYLLABLES, k=size))
        if len(words) > 300 and draw.random() < 0.05:
            word += "".join(draw.choices(SYLLABLES, k=2)).capitalize()
        words[word] = None
    return list(words)


def texts(count: int, seed: int = 1) -> Iterator[str]:
    """So many messages, the same with each seed: the frequency of a word is about as its rank (Zipf's law)."""
    draw = random.Random(seed)
    words = vocabulary(random.Random(0))
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    # Drawn in one go: that is much quicker than one message after the other.
    while count > 0:
        some = min(count, 1_000)
        drawn = draw.choices(words, cum_weights=weights, k=some * WORDS_OF_MESSAGE)
        for place in range(some):
            yield " ".join(drawn[place * WORDS_OF_MESSAGE : (place + 1) * WORDS_OF_MESSAGE])
        count -= some


def fill(store: Store, count: int, start: int = 0) -> int:
    """Append so many messages to a store, a thousand to a session.

    Args:
        store: To append to.
        count: How many messages.
        start: How many it has already: those with the same numbers would be taken for the same messages.

    Returns:
        How many bytes of text they have.
    """
    size = 0
    batch: list[str] = []
    for number, text in enumerate(texts(count, seed=1 + start), start + 1):
        batch.append(text)
        size += len(text)
        if len(batch) == APPENDED_AT_ONCE or number == start + count:
            append(store, batch, number - len(batch))
            batch = []
    return size


def append(store: Store, said: Sequence[str], start: int) -> None:
    """Append messages of one session that were made before; `start` is the number of the first."""
    for begun in range(0, len(said), APPENDED_AT_ONCE):
        store.write(_append, start + begun, tuple(said[begun : begun + APPENDED_AT_ONCE]))


def session_of(number: int) -> str:
    """The session, and the transcript, that the message of this number belongs to."""
    return f"session-{number // MESSAGES_OF_SESSION:06}"


def _append(tx, first: int, batch: tuple[str, ...]) -> None:
    session = session_of(first)
    merge_session_facts(tx, session, SessionFacts())
    ensure_transcript(tx, NewTranscript(id=session, session_id=session))
    messages = [
        NewMessage(
            source_id=str(number),
            role=MessageRole.ASSISTANT,
            kind=MessageKind.TEXT,
            text=text,
            occurred_at=STARTED_AT + number * APART_MS,
        )
        for number, text in enumerate(batch, first)
    ]
    append_messages(tx, session, messages)
