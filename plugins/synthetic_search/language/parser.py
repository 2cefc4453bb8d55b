"""From the tokens of a query to what it means. There is no text that it refuses.

What is no valid syntax is taken for words: an operator that has nothing to
join, a filter with a value that can be none, a group that is not closed. What
was understood in another way than it may have been meant is told in a remark.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from synthetic_search.index.expressions import All, AnyOf, Expression, Near, Phrase, Ranked, Without, phrases_of
from synthetic_search.language.filters import FilterReader
from synthetic_search.language.lexer import Close, Filter, Open, Operator, Token, Unsearchable, Word, tokens_of
from synthetic_search.language.model import Query

PASSED_OVER_NAMED = 5
PASSED_OVER_CHARACTERS = 40
"""So many of what cannot be searched for are named in a remark, and so much of each."""

LEAVES_MAX = 64
"""Most words and phrases of a query; what follows them is not searched for."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What a group says: what it wants, and what it does not; either may be missing."""

    wanted: Expression | None = None
    unwanted: Expression | None = None


@dataclass(slots=True)
class _Entry:
    """Something between two operators.

    Attributes:
        meaning: A word, or whatever must be there.
        is_unwanted: Whether it must not be there.
        is_joined: Whether an AND stands at one of its sides.
    """

    meaning: Word | _Group
    is_unwanted: bool
    is_joined: bool = False


def parse(text: str, *, now: int, kinds: Collection[str]) -> Query:
    """What a text asks for.

    It takes time and memory linear in the text, and raises nothing.

    Args:
        text: As somebody typed it; it may hold anything.
        now: Unix milliseconds, from which spans such as `after:7d` are counted.
        kinds: The kinds of documents that there are.
    """
    reader = FilterReader(now, kinds)
    passed_over: list[str] = []
    parser = _Parser(_without_filters(text, reader, passed_over))
    group = parser.group()
    remarks = (*reader.remarks, *_remarks_on(passed_over), *parser.remarks)
    return Query(group.wanted, group.unwanted, reader.filters(), remarks)


def _remarks_on(passed_over: Sequence[str]) -> Iterator[str]:
    texts = list(dict.fromkeys(passed_over))
    if texts:
        named = ", ".join(text[:PASSED_OVER_CHARACTERS] for text in texts[:PASSED_OVER_NAMED])
        more = len(texts) - PASSED_OVER_NAMED
        others = f" and {more} more" if more > 0 else ""
        yield f"This has no letter or digit, so it is not searched for: {named}{others}"


def _without_filters(text: str, reader: FilterReader, passed_over: list[str]) -> list[Token]:
    """The tokens of a text, whose filters are handed to their reader; what joined these to others goes too.

    So it is with what cannot be searched for, which is put to what is passed over.
    """
    tokens: list[Token] = []
    is_behind_gap = False
    joined_by: Operator | None = None
    for token in tokens_of(text):
        if isinstance(token, Filter):
            last = tokens[-1] if tokens else None
            if isinstance(last, Operator) and last.name == "NOT":
                tokens.pop()
                token = token._replace(is_unwanted=True)
            if (words := reader.take(token)) is not None:
                # The words of a filter that is none are wanted, even behind a minus.
                tokens.append(words)
                is_behind_gap = False
                continue
        elif isinstance(token, Unsearchable):
            passed_over.append(token.text)
            last = tokens[-1] if tokens else None
            if isinstance(last, Operator) and last.name == "NOT":
                tokens.pop()
        elif is_behind_gap and isinstance(token, Operator) and token.name != "NOT":
            # Of the operators at both sides one is left, that which binds less tightly.
            if joined_by is not None:
                tokens.append(joined_by if joined_by.name == "OR" else token)
            is_behind_gap = False
            continue
        else:
            tokens.append(token)
            is_behind_gap = False
            continue
        if not is_behind_gap:
            joined_by = None
        is_behind_gap = True
        if tokens and isinstance(tokens[-1], Operator):
            joined_by = cast("Operator", tokens.pop())
    return tokens


@dataclass(slots=True)
class _Parser:
    """The state of the pass over tokens, whose groups are balanced and bounded in depth.

    Attributes:
        tokens: Without filters.
        place: Where it has come to.
        leaves: How many words and phrases were taken.
        remarks: For whoever asked.
    """

    tokens: Sequence[Token]
    place: int = 0
    leaves: int = 0
    remarks: list[str] = field(default_factory=list[str])

    def group(self) -> _Group:
        """What stands here up to the end of the group."""
        alternatives: list[list[_Entry]] = [[]]
        is_unwanted = is_joined = False
        while (token := self._next()) is not None and not isinstance(token, Close):
            entries = alternatives[-1]
            if isinstance(token, Operator):
                if token.name == "NOT" and self._is_operand():
                    is_unwanted = not is_unwanted
                    continue
                if token.name == "OR" and entries and self._begins():
                    alternatives.append([])
                    continue
                if token.name == "AND" and entries and self._begins():
                    entries[-1].is_joined = is_joined = True
                    continue
            if (meaning := self._meaning(token)) is not None:
                entries.append(_Entry(meaning, is_unwanted, is_joined))
            is_unwanted = is_joined = False
        return self._any_of([_joined(entries) for entries in alternatives])

    def _next(self) -> Token | None:
        if self.place == len(self.tokens):
            return None
        token = self.tokens[self.place]
        self.place += 1
        return token

    def _is_operand(self) -> bool:
        """Whether what follows can be joined or taken away."""
        following = self.tokens[self.place] if self.place < len(self.tokens) else None
        return following is not None and not isinstance(following, Close | Operator)

    def _begins(self) -> bool:
        """Whether an operand follows, or a NOT with one."""
        following = self.tokens[self.place] if self.place < len(self.tokens) else None
        if isinstance(following, Operator) and following.name == "NOT":
            behind = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else None
            return behind is not None and not isinstance(behind, Close | Operator)
        return self._is_operand()

    def _meaning(self, token: Token) -> Word | _Group | None:
        """What a token stands for that is no operator here; None: nothing is left of it."""
        if isinstance(token, Open):
            found = self.group()
            return None if found == _Group() else found
        if isinstance(token, Operator):
            token = Word(token.word)
        self.leaves += len(token.phrases) if isinstance(token, Near) else 1
        if self.leaves > LEAVES_MAX:
            remark = f"Only the first {LEAVES_MAX} words and phrases are searched for."
            if remark not in self.remarks:
                self.remarks.append(remark)
            return None
        if isinstance(token, Word) and token.column is None:
            return token
        if isinstance(token, Word):
            return _Group(token.phrase)
        return _Group(token) if isinstance(token, Phrase | Near) else None

    def _any_of(self, groups: Sequence[_Group]) -> _Group:
        """What has what one of the groups says."""
        said = [group for group in groups if group != _Group()]
        if len(said) <= 1:
            return said[0] if said else _Group()
        alternatives: list[Expression] = []
        for group in said:
            if group.wanted is None:
                words = " ".join(
                    phrase.text for expression in _one(group.unwanted) for phrase in phrases_of(expression)
                )
                self.remarks.append(f"Nothing can be left out of nothing, so this is searched for: {words}")
                alternatives.extend(_one(group.unwanted))
            elif group.unwanted is None:
                alternatives.append(group.wanted)
            else:
                alternatives.append(Without(group.wanted, group.unwanted))
        return _Group(_either(alternatives))


def _joined(entries: Sequence[_Entry]) -> _Group:
    """What has all that the entries say; bare words that no AND joins are one bag."""
    bag: list[Phrase] = []
    wanted: list[Expression] = []
    unwanted: list[Expression] = []
    for entry in entries:
        meaning = entry.meaning
        if isinstance(meaning, Word):
            if not entry.is_unwanted and not entry.is_joined:
                bag.append(meaning.phrase)
                continue
            meaning = _Group(meaning.phrase)
        if not entry.is_unwanted:
            wanted += _one(meaning.wanted)
            unwanted += _one(meaning.unwanted)
        elif meaning.wanted is None:
            # What is left out of what is left out is wanted.
            wanted += _one(meaning.unwanted)
        elif meaning.unwanted is None:
            unwanted.append(meaning.wanted)
        else:
            unwanted.append(Without(meaning.wanted, meaning.unwanted))
    if bag:
        wanted.insert(0, Ranked(tuple(bag)))
    return _Group(_every(wanted), _either(unwanted))


def _one(expression: Expression | None) -> list[Expression]:
    return [] if expression is None else [expression]


def _every(parts: Sequence[Expression]) -> Expression | None:
    if len(parts) <= 1:
        return parts[0] if parts else None
    return All(tuple(parts))


def _either(parts: Sequence[Expression]) -> Expression | None:
    if len(parts) <= 1:
        return parts[0] if parts else None
    return AnyOf(tuple(parts))
