"""Words: how text is prepared for the index, and which tokens come of it.

SQLite's tokenizer splits at everything that is neither letter nor digit, folds
case and diacritics and stems English (Porter, An algorithm for suffix
stripping, 1980). What it does not do is done to the text before, with regular
expressions over the whole of it: the parts of identifiers (`retryPolicy`,
`SHA256`) are added at the end, beside the identifiers themselves; letters of
other scripts than Latin lose their marks too, and forms of letters that stand
for others (full width, ligatures) become these; scripts that are written
without spaces are spaced out, so that each character is a word and a word of
several is a phrase.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from synthetic import TextTokenizer

TOKENIZER = ("porter", "unicode61", "remove_diacritics", "2")
"""As in the migration that makes `search_text`."""

PREPARATION = 2
"""To be raised when `prepare` makes something else of a text: then everything is indexed anew."""

IDENTIFIERS_KEPT = 20_000
"""The same identifiers come again and again, and to split one takes longer than to look it up."""

WORDS_KEPT = 10_000
WORD_KEPT_CHARACTERS_MAX = 40
"""So many of the words that were looked at for snippets are remembered with their tokens, and no longer ones."""

_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"  # Han
    "\uac00-\ud7a3"  # Hangul
    "]"
)
MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670"
"""Accents and points that stand on or under a letter, as ranges of a regular expression; words are found without."""

_MARKS = re.compile(f"[{MARKS}]+")
_CLUSTER = re.compile(f"[\u1100-\u11ff]+|.[{MARKS}\u3099\u309a]*", re.DOTALL)
"""A letter with its marks, or a Korean syllable in parts: what is folded by itself as it is in a text."""

GAP = "\ue000"
"""A token that nobody searches for, of the private use area: no phrase goes on over it."""

_SHAPES = re.sub(
    rb"[^aA0]", b" ", re.sub(b"[0-9]", b"0", re.sub(b"[A-Z]", b"A", re.sub(b"[a-z]", b"a", bytes(range(256)))))
)
"""Each byte as what it is in an identifier: a small letter, a capital, a digit, or none of it."""

_SEAMS = ((b"A", b"aA"), (b"AA", b"AAa"), (b"0", b"a0"), (b"0", b"A0"))
"""The shapes that only an identifier has, each after one that is rarer still, or found sooner. To look for a few bytes
is several times as fast as a regular expression."""

_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])|(?<=[0-9])(?=[A-Z][a-z])")
_NUMBERED = re.compile(r"([A-Za-z]{2,})([0-9]+)")
_WORD = re.compile(r"\S+")


class Span(NamedTuple):
    """A word of a text.

    Attributes:
        start: Where it begins, in code points.
        end: Where it ends.
        tokens: What the index makes of it: of an identifier, of the whole and of its parts.
    """

    start: int
    end: int
    tokens: tuple[str, ...]


@cache
def tokenizer() -> TextTokenizer:
    """The tokenizer of the index."""
    return TextTokenizer(*TOKENIZER)


def prepare(text: str) -> str:
    """A text as it is handed to the index."""
    text = space_out(text)
    parts = parts_of(text)
    return f"{text}\n{GAP}\n{parts}" if parts else text


def space_out(text: str) -> str:
    """A text without marks on its letters, and with the characters of scripts without spaces set apart."""
    return text if text.isascii() else _UNSPACED.sub(r" \g<0> ", _folded(text))


def _folded(text: str) -> str:
    """A text without marks, in the usual forms of its letters (NFKD, and what is left of it composed again)."""
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", text)))


def parts_of(text: str) -> str:
    """The identifiers in a text, each once, split at their seams; empty if there are none."""
    runs = _runs_of(text)
    if not runs:
        return ""
    identifiers: dict[str, None] = {}
    done = 0
    for start, end in sorted(runs.items()):
        # Letters that are not ASCII belong to the identifier before which they stand.
        while start > done and text[start - 1].isalnum():
            start -= 1
        identifiers[text[start:end]] = None
        done = end
    return f"\n{GAP}\n".join(filter(None, map(_split, identifiers)))


def _runs_of(text: str) -> dict[int, int]:
    """Where letters and digits of ASCII that are next to each other have a seam: for each start its end."""
    shapes = text.encode("ascii", "replace").translate(_SHAPES)
    runs: dict[int, int] = {}
    for rarer, seam in _SEAMS:
        place = shapes.find(seam) if rarer in shapes else -1
        while place >= 0:
            if seam == b"AAa" and text[place + 2] == "s" and shapes[place + 3 : place + 4] != b"a":
                # The s of `APIs` begins no word.
                place = shapes.find(seam, place + 1)
                continue
            end = shapes.find(b" ", place)
            if end < 0:
                end = len(text)
            runs[shapes.rfind(b" ", 0, place) + 1] = end
            place = shapes.find(seam, end)
    return runs


@lru_cache(maxsize=IDENTIFIERS_KEPT)
def _split(identifier: str) -> str:
    """An identifier with spaces at its seams; empty if it has none. A hash in hexadecimal digits has none."""
    parts = _SEAM.sub(" ", identifier)
    if parts == identifier:
        numbered = _NUMBERED.fullmatch(identifier)
        return "" if numbered is None else f"{numbered[1]} {numbered[2]}"
    return parts


def tokens_of(text: str) -> list[str]:
    """The tokens by which a text is found, in the order in which the index has them."""
    return _tokens_in(prepare(text))


def spans_of(text: str) -> Iterator[Span]:
    """The words of a text and where they stand, each with the tokens by which it is found."""
    for word in _WORD.finditer(text):
        for span in spans_of_word(word[0]):
            yield Span(word.start() + span.start, word.start() + span.end, span.tokens)


def spans_of_word(word: str) -> tuple[Span, ...]:
    """The spans of a text without white space; most words come again and again."""
    return _kept_spans_of(word) if len(word) <= WORD_KEPT_CHARACTERS_MAX else _spans_of_word(word)


def _spans_of_word(word: str) -> tuple[Span, ...]:
    return tuple(_spans_in(word, 0) if word.isascii() else _spans_of_folded(word, 0))


_kept_spans_of = lru_cache(maxsize=WORDS_KEPT)(_spans_of_word)


def _tokens_in(prepared: str) -> list[str]:
    return [token for token in tokenizer().tokens(prepared) if token != GAP]


def _spans_of_folded(word: str, offset: int) -> Iterator[Span]:
    """The spans of a word that is not ASCII, from those of what is made of it."""
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    for cluster in _CLUSTER.finditer(word):
        piece = _folded(cluster[0])
        folded.append(piece)
        places += [cluster.span()] * len(piece)
    for start, end, tokens in _spans_in("".join(folded), 0):
        yield Span(offset + places[start][0], offset + places[end - 1][1], tokens)


def _spans_in(word: str, offset: int) -> Iterator[Span]:
    encoded = None if word.isascii() else word.encode()
    if encoded is not None and _UNSPACED.search(word) is not None:
        yield from _spans_of_mixed(word, offset)
        return
    for start, end, token in tokenizer().places(word):
        if encoded is None:
            first, last = start, end
        else:
            first, last = len(encoded[:start].decode()), len(encoded[:end].decode())
        piece = word[first:last]
        more = _tokens_in(parts_of(piece))
        yield Span(offset + first, offset + last, (token, *more))


def _spans_of_mixed(word: str, offset: int) -> Iterator[Span]:
    """The spans of a word some of whose characters stand for themselves."""
    begun = 0
    for character in _UNSPACED.finditer(word):
        if character.start() > begun:
            yield from _spans_in(word[begun : character.start()], offset + begun)
        tokens = tokenizer().tokens(character[0])
        if tokens:
            yield Span(offset + character.start(), offset + character.end(), tuple(tokens))
        begun = character.end()
    if begun < len(word):
        yield from _spans_in(word[begun:], offset + begun)
