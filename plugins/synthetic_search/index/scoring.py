"""How well a document matches: BM25, in a function that SQLite calls for each row it finds.

FTS5's own `bm25` first counts the documents of every phrase, which takes longer
than the search where a word is common; here these numbers come with the plan,
estimated. The formula is that of Robertson and Zaragoza, The Probabilistic
Relevance Framework: BM25 and Beyond (2009), with the fields added up by weight
before saturation, and with the form of the inverse document frequency that is
never negative (ln(1 + (N - n + 0.5) / (n + 0.5))).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from synthetic import ConnectionRole, MatchedRow, PreparedConnection, from_json, to_json
from synthetic_search.index.extent import Extent
from synthetic_search.index.lengths import DocumentLengths, lent
from synthetic_search.index.matching import Scored

SATURATION = 1.2
"""k1: how soon more occurrences of a word add nothing."""

LENGTH = 0.75
"""b: how much it counts that a document is long."""

TITLE, BODY = 0, 1
"""Columns of `search_text`."""


class Term(NamedTuple):
    """A phrase that counts.

    Attributes:
        number: Which phrase of the query.
        word: Which word it is a form of.
        weight: Its inverse document frequency; in a plan, times k1 + 1.
    """

    number: int
    word: int
    weight: float


class Plan(NamedTuple):
    """What the function needs to know of a query, worked out at its first row.

    Attributes:
        terms: The phrases that count.
        title_weight: How much an occurrence in the title counts; one in the body counts 1.
        norm_least: What is added to the occurrences, whatever the length of the document.
        norm_by_token: What each of its tokens adds to that.
        lengths: How many tokens documents have, by their ids; 0: not known.
    """

    terms: tuple[Term, ...]
    title_weight: float
    norm_least: float
    norm_by_token: float
    lengths: array[int]


def inverse_document_frequency(documents: int, all_documents: int) -> float:
    """How much a word tells that occurs in so many documents."""
    found = min(documents, all_documents)
    return math.log(1 + (all_documents - found + 0.5) / (found + 0.5))


def plan_text(terms: Sequence[Term], extent: Extent, title_weight: float, lengths: DocumentLengths) -> str:
    """What is handed to the functions in SQL."""
    return to_json([title_weight, extent.mean_length, list(map(tuple, terms)), lengths.number])


def terms_of(scored: Sequence[Scored], extent: Extent) -> list[Term]:
    """Phrases with their weights."""
    return [
        Term(each.number, each.word, inverse_document_frequency(each.documents, extent.documents)) for each in scored
    ]


def size(row: MatchedRow, _: str | None = None) -> str:
    """How many rows there are, and how many tokens they have together, as JSON, whichever of them is asked.

    The words of the filters count as well: there are as many of them in every document, or nearly.
    """
    return to_json([row.row_count, row.column_total_size()])


def score(row: MatchedRow, text: str, id: int) -> float:
    """The score of a row: the sum over the words of what the best form of each adds."""
    plan: Plan | None = row.aux_data
    terms, title_weight, norm_least, norm_by_token, lengths = _plan(row, text) if plan is None else plan
    norm = norm_least + norm_by_token * ((lengths[id] if id < len(lengths) else 0) or row.column_size())
    total, best, word = 0.0, 0.0, -1
    for number, of_word, weight in terms:
        in_title, in_body, _ = row.phrase_locations(number)
        occurrences = len(in_body) + title_weight * len(in_title) if in_title else len(in_body)
        if occurrences:
            worth = weight * occurrences / (occurrences + norm)
            if of_word != word:
                total, best, word = total + best, worth, of_word
            elif worth > best:
                best = worth
    return total + best


def explain(row: MatchedRow, text: str) -> str:
    """What each term adds, as JSON: occurrences and score, in the order of the plan."""
    plan: Plan = row.aux_data or _plan(row, text)
    norm = plan.norm_least + plan.norm_by_token * row.column_size()
    told: list[tuple[int, float]] = []
    for number, _, weight in plan.terms:
        found = row.phrase_locations(number)
        in_body, in_title = len(found[BODY]), len(found[TITLE])
        weighted = in_body + plan.title_weight * in_title
        told.append((in_body + in_title, weight * weighted / (weighted + norm)))
    return to_json(told)


def prepare_scoring(connection: PreparedConnection, role: ConnectionRole) -> None:  # noqa: ARG001 - on every connection
    """Add the functions to a connection."""
    connection.create_ranking("search_score", score)
    connection.create_ranking("search_explain", explain)
    connection.create_ranking("search_size", size)


def _plan(row: MatchedRow, text: str) -> Plan:
    title_weight, mean_length, terms, lengths = from_json(text)
    plan = Plan(
        tuple(Term(number, word, weight * (SATURATION + 1)) for number, word, weight in terms),
        title_weight,
        SATURATION * (1 - LENGTH),
        SATURATION * LENGTH / mean_length,
        lent(lengths),
    )
    row.aux_data = plan
    return plan
