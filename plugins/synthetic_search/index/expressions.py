"""What a search asks of the text of documents: pure values, without any syntax.

The query language makes an `Expression` of what somebody typed; `matching`
makes of it what FTS5 understands. Text in an expression is as it was typed: it
is prepared and split in the same way as the text of documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Column: TypeAlias = Literal["title", "body"]

PREFIX_CHARACTERS_MIN = 3
"""Shortest beginning that is searched for as one; a shorter one is a word, since it would mean almost everything."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow one another; one word is a phrase of one.

    Attributes:
        text: As it was typed. Without any letter or digit it matches nothing, and is passed over.
        column: Where it must occur; None: anywhere.
        is_prefix: Whether the last word may go on.
    """

    text: str
    column: Column | None = None
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """Phrases that all occur close to one another, in any order.

    Attributes:
        phrases: At least two.
        distance: So many words may stand between them, at most.
    """

    phrases: tuple[Phrase, ...]
    distance: int = 10


@dataclass(frozen=True, slots=True)
class Ranked:
    """Words side by side: one must occur; the more of them do, and the rarer they are, the better the document."""

    parts: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every part must match."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part must match."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """One must match, the other must not."""

    wanted: Expression
    unwanted: Expression


Expression: TypeAlias = Phrase | Near | Ranked | All | AnyOf | Without


def phrases_of(expression: Expression) -> Iterator[Phrase]:
    """The phrases that may occur in a document that matches, those of `unwanted` left out."""
    match expression:
        case Phrase():
            yield expression
        case Near(phrases=phrases) | Ranked(parts=phrases):
            yield from phrases
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from phrases_of(part)
        case Without(wanted=wanted):
            yield from phrases_of(wanted)
