"""From the text of a query to its tokens, in one pass.

A mark is an operator only where it can be meant as one: a minus in front of a
word, a parenthesis at its edge, a quote that another one closes. Everything
else belongs to the words, as in `--force`, `call(x)`, `std::vector` or `a-b`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from synthetic_search.index.expressions import PREFIX_CHARACTERS_MIN, Column, Near, Phrase

DEPTH_MAX = 20
"""Most groups within one another; what is deeper stands in the group around it."""

LEAF_CHARACTERS_MAX = 500
"""Longest word or phrase; the rest of it is not searched for."""

NEAR_DISTANCE = 10
NEAR_DISTANCE_MAX = 100
NEAR_PARTS_MAX = 8

TITLE: Column = "title"
FIELDS = frozenset({"kind", "construct", "session", "status", "before", "after"})
"""What may stand before a colon and say what documents must be; `title` says where a word must stand."""

_UNTYPED = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What stands for no character that anybody searches for: controls, and halves of surrogate pairs."""

_QUOTES = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'))
_CHUNK = re.compile(r'[^\s"]+')
_FIELD = re.compile(r"([A-Za-z]{1,12}):")
_NEAR = re.compile(r"NEAR\(([^()]{1,1000}?)(?:,[ ]*([0-9]{1,3})[ ]*)?\)")
_NEAR_PART = re.compile(r'"([^"]*)"|([^\s"]+)')


class Word(NamedTuple):
    """What stands between two spaces, outside quotes.

    Attributes:
        text: Without operators; it has a letter or a digit.
        column: Where it must occur; None: anywhere.
        is_prefix: Whether what it begins is meant too.
    """

    text: str
    column: Column | None = None
    is_prefix: bool = False

    @property
    def phrase(self) -> Phrase:
        """What is searched for."""
        return Phrase(self.text, self.column, self.is_prefix)


class Operator(NamedTuple):
    """One of AND, OR and NOT, or a minus, which is a NOT; the word is what it is where it cannot be an operator."""

    name: str
    word: str


class Open(NamedTuple):
    """The beginning of a group."""


class Close(NamedTuple):
    """The end of a group."""


class Filter(NamedTuple):
    """A field and its value.

    Attributes:
        name: One of `FIELDS`.
        value: Behind the colon.
        is_unwanted: Whether a minus stands before it.
        is_quoted: Whether the value stood in quotes.
    """

    name: str
    value: str
    is_unwanted: bool
    is_quoted: bool


class Unsearchable(NamedTuple):
    """What has no letter and no digit, such as an arrow or an emoji: the index knows nothing of it."""

    text: str


Token: TypeAlias = Word | Phrase | Near | Operator | Open | Close | Filter | Unsearchable

NOT = Operator("NOT", "")


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of a query; the groups among them are balanced."""
    return _Lexer(_UNTYPED.sub(" ", text).translate(_QUOTES)).tokens()


def is_searchable(text: str) -> bool:
    """Whether there is anything in a text that an index can know."""
    return any(map(str.isalnum, text))


@dataclass(slots=True)
class _Lexer:
    """The state of the pass.

    Attributes:
        text: Of the query.
        place: Where it has come to.
        groups: For each that is open, whether the parser knows of it.
    """

    text: str
    place: int = 0
    groups: list[bool] = field(default_factory=list[bool])

    def tokens(self) -> Iterator[Token]:
        """All of them."""
        text, end = self.text, len(self.text)
        while self.place < end:
            mark = text[self.place]
            if mark.isspace():
                self.place += 1
            elif mark == '"':
                yield from self._quoted(None)
            elif mark == "(":
                yield from self._open()
            elif mark == ")":
                self.place += 1
                yield from self._close()
            elif mark == "-" and self._is_minus():
                self.place += 1
                if (found := self._filter(is_unwanted=True)) is not None:
                    yield found
                else:
                    yield NOT
            elif (found := self._near() or self._filter(is_unwanted=False)) is not None:
                yield found
            else:
                yield from self._chunk()
        yield from (Close() for is_known in self.groups if is_known)

    def _open(self) -> Iterator[Token]:
        self.place += 1
        # Those that the parser knows of are the first ones.
        is_known = len(self.groups) < DEPTH_MAX
        self.groups.append(is_known)
        if is_known:
            yield Open()

    def _close(self) -> Iterator[Token]:
        if self.groups and self.groups.pop():
            yield Close()

    def _is_minus(self) -> bool:
        """Whether the minus here takes away what follows it."""
        following = self.text[self.place + 1 : self.place + 2]
        return following.isalnum() or following in ("(", '"', "_")

    def _quoted(self, column: Column | None) -> Iterator[Token]:
        """The phrase that begins here; of a quote that nothing closes, nothing."""
        phrase = self._take_quoted()
        if phrase is None:
            self.place += 1
        elif is_searchable(phrase):
            yield Phrase(phrase, column)
        elif phrase:
            yield Unsearchable(phrase)

    def _take_quoted(self) -> str | None:
        closing = self.text.find('"', self.place + 1)
        if closing < 0:
            return None
        phrase = self.text[self.place + 1 : closing]
        self.place = closing + 1
        return phrase.strip()[:LEAF_CHARACTERS_MAX]

    def _near(self) -> Near | None:
        found = _NEAR.match(self.text, self.place) if self.text.startswith("NEAR(", self.place) else None
        if found is None:
            return None
        parts: list[Phrase] = []
        for phrase, word in _NEAR_PART.findall(found[1]):
            if is_searchable(phrase):
                parts.append(Phrase(phrase[:LEAF_CHARACTERS_MAX]))
            elif is_searchable(word):
                parts.append(_word(word, None).phrase)
        if len(parts) < 2:
            return None
        self.place = found.end()
        distance = NEAR_DISTANCE if found[2] is None else min(int(found[2]), NEAR_DISTANCE_MAX)
        return Near(tuple(parts[:NEAR_PARTS_MAX]), distance)

    def _filter(self, *, is_unwanted: bool) -> Filter | None:
        """The filter that stands here; None: there is none, and it is a word."""
        found = _FIELD.match(self.text, self.place)
        if found is None or (name := found[1].lower()) not in FIELDS:
            return None
        start, self.place = self.place, found.end()
        is_quoted = self.text.startswith('"', self.place)
        value = self._take_quoted() if is_quoted else self._take_chunk()
        if value:
            return Filter(name, value, is_unwanted, is_quoted)
        self.place = start
        return None

    def _take_chunk(self) -> str:
        """What stands up to the next space or quote, without the parentheses that close groups around it."""
        found = _CHUNK.match(self.text, self.place)
        if found is None:
            return ""
        chunk = found[0]
        surplus = min(len(self.groups), chunk.count(")") - chunk.count("("))
        closing = len(chunk) - len(chunk.rstrip(")"))
        chunk = chunk[: len(chunk) - max(0, min(surplus, closing))]
        self.place += len(chunk)
        return chunk

    def _chunk(self) -> Iterator[Token]:
        """A word, an operator, or a word or phrase of a column."""
        titled = _FIELD.match(self.text, self.place)
        column: Column | None = None
        if titled is not None and titled[1].lower() == TITLE:
            column = TITLE
            self.place = titled.end()
            if self.text.startswith('"', self.place):
                yield from self._quoted(column)
                return
        start = self.place
        chunk = self._take_chunk()
        if chunk in ("AND", "OR", "NOT") and column is None:
            yield Operator(chunk, chunk)
        elif is_searchable(chunk):
            yield _word(chunk, column)
        elif self.place == start and column is None:
            # Nothing was taken, as of a parenthesis that stands alone: go on behind it.
            self.place += 1
        elif chunk:
            yield Unsearchable(chunk)


def _word(chunk: str, column: Column | None) -> Word:
    text = chunk[:LEAF_CHARACTERS_MAX]
    bare = text.rstrip("*")
    is_prefix = bare != text and bare[-1:].isalnum() and sum(map(str.isalnum, bare)) >= PREFIX_CHARACTERS_MIN
    return Word(bare if is_prefix else text, column, is_prefix)
