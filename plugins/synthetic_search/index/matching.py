"""From an expression and filters to what FTS5 understands (https://sqlite.org/fts5.html#full_text_query_syntax).

Every text is prepared like those of documents and stands in quotes, so nothing
in it is syntax. A `Matcher` is made in two steps: first the words are looked up,
which says how common each is; then the query is put together, and a rare word
leads where one of many has to occur.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from synthetic_search.index.expressions import All, AnyOf, Expression, Near, Phrase, Ranked, Without
from synthetic_search.index.prefixes import quoted
from synthetic_search.index.words import parts_of, space_out, tokenizer

BOTH_COLUMNS = "title body"


class Form(NamedTuple):
    """One way in which a phrase may stand in a text.

    Attributes:
        text: As FTS5 takes it: quoted, prepared.
        column: Where it must stand; None: in the title or the body.
    """

    text: str
    column: str | None

    @property
    def query(self) -> str:
        """As a query of its own."""
        return f"{{{self.column or BOTH_COLUMNS}}} : {self.text}"


class Scored(NamedTuple):
    """A phrase of the query that counts for the score.

    Attributes:
        number: Which of the phrases of the query it is.
        word: Which of the words it is a form of: of several forms, the best counts.
        phrase: As it was asked for.
        documents: In about how many documents it occurs.
    """

    number: int
    word: int
    phrase: Phrase
    documents: int


Word: TypeAlias = tuple[Phrase, Sequence[Form]]
"""A phrase that was asked for, and the ways in which it may stand in a text."""


@dataclass(slots=True)
class Matcher:
    """What FTS5 is asked, and which of its phrases count.

    Attributes:
        prefixes: The ways in which FTS5 is asked for a text whose last word may go on.
        count: How many documents a form occurs in, about; None: no phrase counts for a score.
        rare_enough: Of words of which one must occur, those lead that occur in
            so many documents together, at most; None: no word leads.
        wants_all: Whether all words must occur of which one must, and which occur at all.
        scored: The phrases that count.
        is_led: Whether some words lead, so that what has only others does not match.
        leading_documents: In how many documents those that lead occur, at most.
    """

    prefixes: Callable[[str], Sequence[str]]
    count: Callable[[Form], int] | None = None
    rare_enough: int | None = None
    wants_all: bool = False
    scored: list[Scored] = field(default_factory=list["Scored"])
    is_led: bool = False
    leading_documents: int = 0
    _phrases: int = 0
    _words: int = 0

    @property
    def occurring(self) -> list[Scored]:
        """The phrases that count and occur at all: the others only take time."""
        return [each for each in self.scored if each.documents]

    def sole_form(self, expression: Expression) -> Form | None:
        """The form of the one phrase that an expression is, if there is only one in which it may stand in a text."""
        match expression:
            case Phrase():
                phrase = expression
            case Ranked(parts=(phrase,)):
                pass
            case _:
                return None
        forms = self._forms_of(phrase)
        return forms[0] if len(forms) == 1 else None

    def query(self, expression: Expression, *, counts: bool = True) -> str | None:
        """An expression as FTS5 takes it; None: it has no words, so it says nothing.

        Args:
            expression: What is asked.
            counts: Whether its phrases count for the score.
        """
        match expression:
            case Phrase():
                return self._word(expression, self._forms_of(expression), counts=counts)
            case Near():
                return self._near(expression, counts=counts)
            case Ranked(parts=parts):
                return self._ranked(parts, counts=counts)
            case All(parts=parts):
                return self._joined(" AND ", parts, counts=counts)
            case AnyOf(parts=parts):
                return self._joined(" OR ", parts, counts=counts)
            case Without(wanted=wanted, unwanted=unwanted):
                first = self.query(wanted, counts=counts)
                if first is None:
                    return None
                second = self.query(unwanted, counts=False)
                return first if second is None else f"({first}) NOT ({second})"

    def _joined(self, operator: str, parts: Iterable[Expression], *, counts: bool) -> str | None:
        found = [query for part in parts if (query := self.query(part, counts=counts)) is not None]
        return operator.join(f"({query})" for query in found) if found else None

    def _word(self, phrase: Phrase, forms: Sequence[Form], *, counts: bool) -> str | None:
        if not forms:
            return None
        for form in forms:
            self._take(phrase, form, counts=counts)
        self._words += 1
        return " OR ".join(f"({form.query})" for form in forms)

    def _take(self, phrase: Phrase, form: Form, *, counts: bool) -> None:
        if counts and self.count is not None:
            self.scored.append(Scored(self._phrases, self._words, phrase, self.count(form)))
        self._phrases += 1

    def _near(self, near: Near, *, counts: bool) -> str | None:
        # The forms of one phrase cannot be alternatives within NEAR: the first, as it is written, is meant.
        forms = [(phrase, forms[0]) for phrase in near.phrases if (forms := self._forms_of(phrase))]
        if not forms:
            return None
        for phrase, form in forms:
            self._take(phrase, form, counts=counts)
            self._words += 1
        column = next((form.column for _, form in forms if form.column), None) or BOTH_COLUMNS
        words = " ".join(form.text for _, form in forms)
        return f"{{{column}}} : NEAR({words}, {max(0, near.distance)})"

    def _ranked(self, parts: Sequence[Phrase], *, counts: bool) -> str | None:
        words = [(part, forms) for part in dict.fromkeys(parts) if (forms := self._forms_of(part))]
        if counts and self.wants_all:
            occurring = [word for word in words if self._count(word)]
            return self._joined_words(" AND ", occurring or words, counts=True)
        leading = self._leading(words) if counts else ()
        if not leading:
            return self._joined_words(" OR ", words, counts=counts)
        self.is_led = True
        # The rest only adds to the score of what a leading word has found: so common words cost little.
        first = self._joined_words(" OR ", leading, counts=False)
        return f"({first}) AND ({self._joined_words(' OR ', words, counts=True)})"

    def _leading(self, words: Sequence[Word]) -> Sequence[Word]:
        """The rarest of the words that occur at all; none if these are not too common together."""
        if self.count is None or self.rare_enough is None:
            return ()
        by_rarity = sorted((self._count(word), number) for number, word in enumerate(words))
        occurring = [(documents, number) for documents, number in by_rarity if documents]
        sums = list(accumulate(documents for documents, _ in occurring))
        leading = max(1, sum(documents <= self.rare_enough for documents in sums))
        if leading >= len(occurring):
            return ()
        self.leading_documents = max(self.leading_documents, sums[leading - 1])
        return [words[number] for _, number in occurring[:leading]]

    def _count(self, word: Word) -> int:
        """In about how many documents a word occurs, at most."""
        return 0 if self.count is None else sum(map(self.count, word[1]))

    def _joined_words(self, operator: str, words: Sequence[Word], *, counts: bool) -> str | None:
        found = [query for phrase, forms in words if (query := self._word(phrase, forms, counts=counts))]
        return operator.join(f"({query})" for query in found) if found else None

    def _forms_of(self, phrase: Phrase) -> tuple[Form, ...]:
        """The ways in which a phrase may stand in a text: as it is written, and with its identifiers in parts."""
        spaced = space_out(phrase.text)
        if not tokenizer().tokens(spaced):
            return ()
        texts = [spaced]
        if len(spaced.split()) == 1 and (parts := parts_of(spaced)):
            texts.append(parts)
        asked = [form for text in texts for form in (self.prefixes(text) if phrase.is_prefix else [quoted(text)])]
        return tuple(Form(text, phrase.column) for text in dict.fromkeys(asked))
