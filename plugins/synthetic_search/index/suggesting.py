"""Did you mean: for words that occur nowhere, the nearest that do.

All words at one edit from the word that was typed are looked up in the
vocabulary of the index (P. Norvig, How to Write a Spelling Corrector, 2007);
an edit is a letter that is missing, too many, another one, or one that has
changed places with its neighbour. Where none of them occurs, a long word is
tried with two of the edits that are made most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from synthetic import Snapshot, to_json
from synthetic_search.index.expressions import Expression, phrases_of
from synthetic_search.index.words import tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS_MAX = 4
"""So many words of one search are looked at."""

WORD_CHARACTERS = range(3, 25)
"""A shorter word is near to too many, a longer one is none that somebody mistyped."""

TWO_EDITS_CHARACTERS_MIN = 6
ALIKE = {"a": "e", "e": "ai", "i": "ey", "y": "i", "o": "u", "u": "o", "s": "z", "z": "s", "c": "ks", "k": "c"}
"""Letters that are written for one another."""

_WORD = re.compile(r"[^\W\d_]+")


def suggest(snapshot: Snapshot, expression: Expression) -> dict[str, str]:
    """For words of an expression that occur nowhere, the nearest that do.

    Returns:
        From the word as it was typed to the one that is meant, in lower case; empty if there are none.
    """
    typed = dict.fromkeys(word for phrase in phrases_of(expression) for word in _WORD.findall(phrase.text))
    found: dict[str, str] = {}
    for word in islice(typed, WORDS_MAX):
        lower = word.lower()
        if len(lower) not in WORD_CHARACTERS or not lower.isascii() or _known(snapshot, [lower]):
            continue
        near = _best(snapshot, set(_edits(lower)))
        if near is None and len(lower) >= TWO_EDITS_CHARACTERS_MIN:
            near = _best(snapshot, {twice for once in set(_easy_edits(lower)) for twice in _easy_edits(once)})
        if near is not None:
            found[word] = near
    return found


def _best(snapshot: Snapshot, candidates: Iterable[str]) -> str | None:
    """Of words that are the same to the index, and occur in most documents, the first."""
    known = _known(snapshot, sorted(candidates))
    return max(known, key=lambda word: known[word]) if known else None


def _known(snapshot: Snapshot, words: list[str]) -> dict[str, int]:
    """The words that occur, each with the number of documents."""
    # Each is one token: letters alone.
    tokens = tokenizer().tokens(" ".join(words))
    counts: dict[str, int] = dict(
        snapshot.rows(
            "SELECT w.term, w.doc FROM json_each(:tokens) j CROSS JOIN search_words w ON w.term = j.value",
            {"tokens": to_json(sorted(set(tokens)))},
        )
    )
    return {word: counts[token] for word, token in zip(words, tokens, strict=True) if token in counts}


def _edits(word: str) -> Iterator[str]:
    """All words at one edit."""
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in LETTERS)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        yield from (before + letter + after for letter in LETTERS)


def _easy_edits(word: str) -> Iterator[str]:
    """Words at one of the edits made most: neighbours swapped, a letter left out or doubled, or a like one."""
    for place, letter in enumerate(word):
        before, after = word[:place], word[place + 1 :]
        yield before + after
        yield before + letter + letter + after
        if after:
            yield before + after[0] + letter + after[1:]
        yield from (before + other + after for other in ALIKE.get(letter, ""))
