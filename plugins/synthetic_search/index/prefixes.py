"""What a prefix means in an index of stems.

FTS5 stems a prefix like any other word, so that it would look for what begins
with `kei` where somebody typed `key*`. A prefix that is its own stem is left to
it. For any other, the stems in the index that begin as it was typed are gone
over, and each is reached by its shortest beginning that is its own stem; what
the prefix finds as a whole word is found as well.
"""

from __future__ import annotations

from functools import cache

from synthetic import Snapshot, TextTokenizer
from synthetic_search.index.expressions import PREFIX_CHARACTERS_MIN
from synthetic_search.index.words import TOKENIZER, tokenizer

FORMS_MAX = 40
"""Most ways in which one prefix is looked for."""

STEMS_MAX = 200
"""Most stems that are looked at for one prefix."""

ENDINGS = ("e", "s", "es", "ed", "ing", "y", "ion")
"""With one of these, a stem that would be stemmed again is a word that it is the stem of."""

_FIRST, _LAST = "\x01", "\U0010ffff"


@cache
def _unstemmed() -> TextTokenizer:
    """Words as they are typed, without case and accents."""
    return TextTokenizer(*TOKENIZER[1:])


def typed_prefix(text: str) -> str:
    """The last word of a text, as it begins other words; empty: it is too short for that, or there is none."""
    last = _unstemmed().tokens(text)[-1:]
    return last[0] if last and len(last[0]) >= PREFIX_CHARACTERS_MIN else ""


def forms_of_prefix(snapshot: Snapshot, text: str) -> list[str]:
    """A text whose last word may go on, as FTS5 is asked for it: one of these must match.

    Args:
        snapshot: To look stems up in.
        text: One word, or several that follow one another; prepared.
    """
    prefix = typed_prefix(text)
    if not prefix:
        return [quoted(text)]
    if _is_stem(prefix):
        return [f"{quoted(text)} *"]
    before = _unstemmed().tokens(text)[:-1]
    found = [quoted(text)]
    at = prefix
    for _ in range(STEMS_MAX):
        stem: str | None = snapshot.value(
            "SELECT term FROM search_words WHERE term >= :at AND term < :end ORDER BY term LIMIT 1",
            {"at": at, "end": prefix + _LAST},
        )
        if stem is None or len(found) == FORMS_MAX:
            break
        lengths = range(len(prefix) + 1, len(stem) + 1)
        beginning = next((stem[:length] for length in lengths if _is_stem(stem[:length])), None)
        if beginning is not None:
            found.append(f"{quoted(' '.join([*before, beginning]))} *")
            at = beginning + _LAST
            continue
        word = next((stem + ending for ending in ENDINGS if tokenizer().tokens(stem + ending) == [stem]), None)
        if word is not None:
            found.append(quoted(" ".join([*before, word])))
        at = stem + _FIRST
    return found


def quoted(text: str) -> str:
    """A text as a string of FTS5; a NUL would end the query."""
    return '"' + text.replace('"', " ").replace("\0", " ") + '"'


def _is_stem(text: str) -> bool:
    return tokenizer().tokens(text) == [text]
