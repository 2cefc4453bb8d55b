"""Snippets: the stretch of a text that says most about why it was found, with the places of what was searched for.

Places are ranges of characters, which are Unicode code points: not bytes, and
not the UTF-16 units of JavaScript.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from synthetic_search.index.expressions import Phrase
from synthetic_search.index.prefixes import typed_prefix
from synthetic_search.index.words import MARKS, Span, spans_of, spans_of_word

ELLIPSIS = "…"

LEAD_SHARE = 4
"""A snippet begins so that a quarter of it, at most, stands before the first place."""

STEM_CHANGES_MAX = 2
"""So many characters at the end of a stem, at most, need not be in the words that it is of (happi: happy)."""

LOOKED_AT_MAX = 100
"""Most words of a text that are looked at: a snippet need not be from the end of one that is full of them."""

WORD_CHARACTERS_MAX = 200
"""How far back the beginning of a word is looked for."""

_WORD = re.compile(rf"[\w{MARKS}]+")
_TOKEN = re.compile(r"[^\W_]")
_SPACED = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "_")}
"""ASCII of which only words are left."""

_BLANK = re.compile(r"[\s\x00-\x1f\x7f]+")


class Range(NamedTuple):
    """Characters of a text, from `start` up to, and without, `end`."""

    start: int
    end: int


class Snippet(NamedTuple):
    """A stretch of a text, with white space drawn together.

    Attributes:
        text: With an ellipsis where it goes on.
        highlights: What was searched for, in order and apart from each other.
    """

    text: str
    highlights: tuple[Range, ...]


class Wanted(NamedTuple):
    """A phrase as the index knows it.

    Attributes:
        tokens: At least one.
        prefix: How a word begins that may stand in the place of the last of them; empty: none may.
    """

    tokens: tuple[str, ...]
    prefix: str = ""


def wanted_of(phrases: Sequence[Phrase]) -> tuple[Wanted, ...]:
    """What has to be looked for; phrases of which the index knows nothing are left out.

    An identifier is looked for as it is, and by its parts.
    """
    found: dict[Wanted, None] = {}
    for phrase in phrases:
        spans = list(spans_of(phrase.text))
        whole = tuple(span.tokens[0] for span in spans)
        parts = tuple(token for span in spans for token in (span.tokens[1:] or span.tokens))
        prefix = typed_prefix(phrase.text) if phrase.is_prefix else ""
        found |= {Wanted(tokens, prefix): None for tokens in (whole, parts) if tokens}
    return tuple(found)


class SnippetMaker:
    """Cuts snippets from the documents of one search."""

    def __init__(self, wanted: Sequence[Wanted], characters: int) -> None:
        """Prepare it.

        Args:
            wanted: What was searched for.
            characters: How long a snippet may be, about: it is cut between words.
        """
        self._wanted = tuple(enumerate(wanted))
        self._characters = characters
        beginnings = {_folded(_beginning(token)) for each in wanted for token in each.tokens}
        beginnings |= {_folded(_beginning(each.prefix)) for each in wanted if each.prefix}
        # Only the words with the beginning of something wanted are worth being stemmed.
        self._likely = re.compile("|".join(map(re.escape, sorted(beginnings))))

    def make(self, text: str) -> Snippet:
        """The best stretch of a text of a document, or of a part of one."""
        places = self._places(text)
        start, end = _best_window(len(text), places, self._characters)
        start, end = _at_words(text, start, end)
        inside = [Range(place.start, min(place.end, end)) for place, _ in places if start <= place.start < end]
        return _drawn_together(text, start, end, _apart(inside))

    def _places(self, text: str) -> list[tuple[Range, int]]:
        """Where a text has what is wanted, in order, each with which of it that is."""
        if not self._wanted:
            return []
        words = list(itertools.islice(self._spans(text), LOOKED_AT_MAX))
        places: list[tuple[Range, int]] = []
        for first in range(len(words)):
            for number, each in self._wanted:
                last = _match(text, words, first, each)
                if last is not None:
                    places.append((Range(words[first].start, words[last].end), number))
        return places

    def _spans(self, text: str) -> Iterator[Span]:
        """The words that may be wanted."""
        for start, word in _likely_words(text, self._likely):
            for span in spans_of_word(word):
                yield Span(start + span.start, start + span.end, span.tokens)


def _likely_words(text: str, likely: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The words with something likely in them; in ASCII, without a look at each of the others."""
    if not text.isascii():
        for word in _WORD.finditer(text):
            if likely.search(_folded(word[0])) is not None:
                yield word.start(), word[0]
        return
    lower = text.lower()
    spaced = lower.translate(_SPACED) + " "
    end = 0
    for found in likely.finditer(lower):
        at = found.start()
        if at >= end:
            start = max(end, at - WORD_CHARACTERS_MAX, spaced.rfind(" ", 0, at) + 1)
            end = spaced.index(" ", at)
            yield start, text[start:end]


def _beginning(token: str) -> str:
    return token[: max(1, len(token) - STEM_CHANGES_MAX)]


def _folded(word: str) -> str:
    """A word without case and marks, so that no beginning is missed; it may be longer or shorter than the word."""
    lower = word.lower()
    if lower.isascii():
        return lower
    return "".join(mark for mark in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(mark))


def _match(text: str, words: Sequence[Span], first: int, wanted: Wanted) -> int | None:
    """Where a phrase ends that begins at a word; None: it does not begin there.

    An identifier is one word with several tokens, of which each may be a word of the phrase.
    """
    at = first
    for number, token in enumerate(wanted.tokens):
        prefix = wanted.prefix if number == len(wanted.tokens) - 1 else ""
        if number and not _has(text, words[at], token, prefix):
            at += 1
            if at == len(words) or _TOKEN.search(text, words[at - 1].end, words[at].start) is not None:
                return None
        if not _has(text, words[at], token, prefix):
            return None
    return at


def _has(text: str, span: Span, token: str, prefix: str) -> bool:
    """Whether a word is meant. One that begins with a prefix may have a stem that does not."""
    if token in span.tokens:
        return True
    return bool(prefix) and any(
        each.startswith(prefix) for each in (*span.tokens, _folded(text[span.start : span.end]))
    )


def _best_window(length: int, places: Sequence[tuple[Range, int]], characters: int) -> tuple[int, int]:
    """The stretch with the most different phrases, then with the most places; of equal ones the first."""
    if length <= characters or not places:
        return 0, min(length, characters)
    best, best_worth = 0, (0, 0)
    counts: dict[int, int] = {}
    last = 0
    for first, (begin, number) in enumerate(places):
        while last < len(places) and (last <= first or places[last][0].end <= begin.start + characters):
            counts[places[last][1]] = counts.get(places[last][1], 0) + 1
            last += 1
        worth = len(counts), last - first
        if worth > best_worth:
            best, best_worth = first, worth
        counts[number] -= 1
        if not counts[number]:
            del counts[number]
    used = max(place.end for place, _ in places[best : best + best_worth[1]]) - places[best][0].start
    lead = max(0, min(characters // LEAD_SHARE, (characters - used) // 2))
    start = max(0, min(places[best][0].start - lead, length - characters))
    return start, start + characters


def _at_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch, without halves of words at its ends, unless a word is very long."""
    if start > 0 and not text[start - 1].isspace():
        blank = _BLANK.search(text, start, min(end, start + 40))
        start = blank.end() if blank else start
    if end < len(text) and not text[end].isspace():
        shorter = max(text.rfind(" ", end - 40, end), text.rfind("\n", end - 40, end))
        end = shorter if shorter > start else end
    return start, end


def _apart(places: Sequence[Range]) -> list[Range]:
    """The places in order, those that overlap made one."""
    merged: list[Range] = []
    for place in sorted(places):
        if merged and place.start < merged[-1].end:
            merged[-1] = Range(merged[-1].start, max(merged[-1].end, place.end))
        else:
            merged.append(place)
    return merged


def _drawn_together(text: str, start: int, end: int, places: Sequence[Range]) -> Snippet:
    """The stretch on one line, and where the places are in it."""
    before = ELLIPSIS if start > 0 else ""
    after = ELLIPSIS if end < len(text.rstrip()) else ""
    stretch = text[start:end].rstrip()
    if stretch.isprintable() and "  " not in stretch and (before or not stretch.startswith(" ")):
        # It is on one line as it stands.
        shift = len(before) - start
        return Snippet(f"{before}{stretch}{after}", tuple(Range(at.start + shift, at.end + shift) for at in places))
    parts = [before]
    length = len(before)

    def add(piece: str) -> None:
        nonlocal length
        drawn = _BLANK.sub(" ", piece)
        if drawn.startswith(" ") and (not parts[-1] or parts[-1].endswith(" ")):
            drawn = drawn[1:]
        if drawn:
            parts.append(drawn)
            length += len(drawn)

    ranges: list[Range] = []
    at = start
    for place in places:
        add(text[at : place.start])
        begin = length
        add(text[place.start : place.end])
        ranges.append(Range(begin, length))
        at = place.end
    add(text[at:end].rstrip())
    return Snippet("".join([*parts, after]), tuple(ranges))
