"""Retrieval by words: what matches an expression, best first.

With no more documents than `scored_matches`, all that match are given a score.
With more, a search looks at so many matches at most, the newest, by the ids of
documents. So a word that every document has costs no more than others; a query
of several words is led by the rarest, which are those that tell most, and what
has only others of its words is looked at as far as there is room. Where none is
rare, what has all of them comes before that. What it costs in relevance is in
docs/search.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from synthetic import Snapshot, Value, to_json
from synthetic_search.index.counting import WordCounts, make_matcher
from synthetic_search.index.expressions import Expression
from synthetic_search.index.extent import Extent
from synthetic_search.index.filtering import AND, filter_query
from synthetic_search.index.filters import EVERYTHING, Filters
from synthetic_search.index.hits import LOOKED_UP, Hit, Retrieval, Scores, retrieved
from synthetic_search.index.lengths import DocumentLengths
from synthetic_search.index.matching import Form
from synthetic_search.index.places import filter_condition
from synthetic_search.index.scoring import Term, inverse_document_frequency, plan_text, terms_of
from synthetic_search.settings import SearchSettings

SCORED_MIN = 1_000

ENTRIES_MAX = 3_000_000
"""So many entries of the lists of words are gone through for documents that have them all: some 50 ms."""

_NEWEST = """
SELECT d.occurred_at, d.id FROM json_each(:ids) AS j CROSS JOIN search_documents AS d ON d.id = j.value
"""


class _Rows(NamedTuple):
    """Which rows are meant.

    Attributes:
        filters: What holds of them.
        after: They come behind this one.
        through: This is the last; None: there is no last.
    """

    filters: Filters
    after: int = 0
    through: int | None = None

    def bounds(self, column: str) -> tuple[str, dict[str, Value]]:
        """A condition on the column that has their ids, and what is bound in it."""
        params: dict[str, Value] = {}
        condition = ""
        if self.after:
            condition += f" AND {column} > :rows_after"
            params["rows_after"] = self.after
        if self.through is not None:
            condition += f" AND {column} <= :rows_through"
            params["rows_through"] = self.through
        return condition, params


_Asked: TypeAlias = tuple[str, dict[str, Value]]
"""What stands behind FROM, and what is bound in it."""

NOTHING = Retrieval((), 0, is_complete=True)


def find_by_words(
    snapshot: Snapshot,
    expression: Expression,
    filters: Filters,
    limit: int,
    *,
    scored_matches: int | None = None,
    extent: Extent | None = None,
    is_counted: bool = True,
) -> Retrieval:
    """The documents that match, best first.

    Args:
        snapshot: To search in.
        expression: What they say.
        filters: What else holds of them.
        limit: How many hits, at most; of a long document, one.
        scored_matches: How many matches are given a score; None: as the settings say.
        extent: How far to look, and what scores are made of; None: all that is indexed now.
        is_counted: Whether those that match and are not listed are counted too.
    """
    scored = snapshot.settings(SearchSettings).scored_matches if scored_matches is None else scored_matches
    counts = WordCounts(snapshot, scored, extent)
    rows = _Rows(filters, through=counts.extent.through)
    matcher = make_matcher(snapshot, counts, None if counts.are_exact else scored)
    sole = matcher.sole_form(expression) if filters == EVERYTHING else None
    if sole is not None:
        return _find_by_one_word(snapshot, sole, rows, counts, max(SCORED_MIN, scored), limit, is_counted=is_counted)
    asked = _ask(snapshot, matcher.query(expression), rows)
    if asked is None:
        return NOTHING
    # Each word takes about as long again as the first, so that of several fewer documents can be scored.
    window = max(SCORED_MIN, 2 * scored // (1 + len(matcher.occurring)))
    if counts.are_exact:
        window = counts.all_documents + 1
    found: Scores = []
    if matcher.leading_documents > window:
        found = _score_those_with_all(snapshot, expression, rows, counts, window)
    room = window - len(found)
    some = _score(snapshot, asked, terms_of(matcher.occurring, counts.extent), counts, room) if room else []
    is_complete = len(some) < room
    found = _joined(found, some)
    if matcher.is_led and is_complete:
        room = window - len(found)
        every = make_matcher(snapshot, counts, None)
        asked = _ask(snapshot, every.query(expression), rows)
        others = (
            [] if asked is None else _score(snapshot, asked, terms_of(every.occurring, counts.extent), counts, room)
        )
        is_complete = len(others) < room
        found = _joined(found, others)
    return retrieved(snapshot, found, limit, is_complete=is_complete, is_counted=is_counted)


def _find_by_one_word(
    snapshot: Snapshot, form: Form, rows: _Rows, counts: WordCounts, window: int, limit: int, *, is_counted: bool
) -> Retrieval:
    """What has one word: how common it is changes no order, so it is told by what was found and not counted before."""
    asked = _ask(snapshot, form.query, rows)
    if asked is None:
        return NOTHING
    if counts.are_exact:
        window = counts.all_documents + 1
    found = _score(snapshot, asked, [Term(0, 0, 1.0)], counts, window)
    retrieval = retrieved(snapshot, found, limit, is_complete=len(found) < window, is_counted=is_counted)
    weight = inverse_document_frequency(counts.learn(form, [id for _, id in found]), counts.extent.documents)
    return retrieval._replace(hits=tuple(Hit(hit.id, weight * hit.score) for hit in retrieval.hits))


def _joined(found: Scores, others: Scores) -> Scores:
    seen = {id for _, id in found}
    return [*found, *(each for each in others if each[1] not in seen)] if seen else others


def _score_those_with_all(
    snapshot: Snapshot, expression: Expression, rows: _Rows, counts: WordCounts, window: int
) -> Scores:
    """Where not all can be scored that leading words have: the newest that have each word, which are far better.

    What has them all lies far apart, so the lists of where the words occur are gone through up to a bound.
    """
    matcher = make_matcher(snapshot, counts, wants_all=True)
    words = matcher.query(expression)
    entries = sum(each.documents for each in matcher.scored)
    if rows.filters != EVERYTHING:
        entries += counts.all_documents
    if entries > ENTRIES_MAX:
        span = counts.extent.through * ENTRIES_MAX // entries
        rows = rows._replace(after=counts.extent.through - span)
    asked = _ask(snapshot, words, rows)
    return [] if asked is None else _score(snapshot, asked, terms_of(matcher.occurring, counts.extent), counts, window)


def find_newest(
    snapshot: Snapshot,
    filters: Filters,
    limit: int,
    *,
    unwanted: Expression | None = None,
    through: int | None = None,
    is_counted: bool = True,
) -> Retrieval:
    """The documents that pass the filters, the newest first; their score is 0.

    Where more pass than are looked at, these are those that were indexed last.

    Args:
        snapshot: To search in.
        filters: What holds of them.
        limit: How many, at most.
        unwanted: What they must not say.
        through: Up to which row of the index; None: all of it.
        is_counted: Whether those that pass and are not listed are counted too.
    """
    most = snapshot.settings(SearchSettings).scored_matches
    ids, is_complete = _list_filtered(snapshot, _Rows(filters, through=through), most, unwanted)
    newest = snapshot.rows(_NEWEST, {"ids": to_json(ids)})
    found = retrieved(snapshot, newest, limit, is_complete=is_complete, is_counted=is_counted)
    return found._replace(hits=tuple(Hit(hit.id, 0.0) for hit in found.hits))


def list_matches(
    snapshot: Snapshot,
    expression: Expression | None,
    filters: Filters,
    limit: int,
    *,
    after: int = 0,
    through: int | None = None,
) -> tuple[list[int], bool]:
    """Ids of documents and parts that match, those first that were indexed last; no words are counted for it.

    Args:
        snapshot: To search in.
        expression: What they say; None: anything.
        filters: What else holds of them.
        limit: How many, at most.
        after: Behind which row of the index.
        through: Up to which row of the index; None: all of it.

    Returns:
        The ids, and whether they are all.
    """
    rows = _Rows(filters, after, through)
    if expression is None:
        return _list_filtered(snapshot, rows, limit, None)
    asked = _ask(snapshot, make_matcher(snapshot).query(expression), rows)
    if asked is None:
        return [], True
    source, params = asked
    found = snapshot.rows(
        f"SELECT search_text.rowid FROM {source} ORDER BY search_text.rowid DESC LIMIT :limit",
        {**params, "limit": limit},
    )
    return [id for (id,) in found], len(found) < limit


def which_match(snapshot: Snapshot, expression: Expression, ids: Sequence[int]) -> frozenset[int]:
    """Which of these documents and parts match."""
    query = make_matcher(snapshot).query(expression)
    if query is None or not ids:
        return frozenset()
    if len(ids) <= LOOKED_UP:
        rows = snapshot.rows(
            "SELECT rowid FROM search_text WHERE search_text MATCH :query"
            " AND rowid IN (SELECT value FROM json_each(:ids))",
            {"query": query, "ids": to_json(ids)},
        )
    else:
        # To look each of many up takes longer than to go over all that match between the first and the last.
        rows = snapshot.rows(
            "SELECT rowid FROM search_text WHERE search_text MATCH :query AND rowid BETWEEN :first AND :last",
            {"query": query, "first": min(ids), "last": max(ids)},
        )
    return frozenset(id for (id,) in rows).intersection(ids)


def _score(snapshot: Snapshot, asked: _Asked, terms: Sequence[Term], counts: WordCounts, window: int) -> Scores:
    """The newest that match, the newest first."""
    source, params = asked
    lengths = snapshot.resource(DocumentLengths)
    plan = plan_text(terms, counts.extent, snapshot.settings(SearchSettings).title_weight, lengths)
    found: Scores = snapshot.rows(
        f"SELECT search_score(search_text, :plan, search_text.rowid), search_text.rowid FROM {source}"
        " ORDER BY search_text.rowid DESC LIMIT :window",
        {**params, "plan": plan, "window": window},
    )
    lengths.learn(snapshot, counts.extent.through, len(found))
    return found


def _list_filtered(snapshot: Snapshot, rows: _Rows, limit: int, unwanted: Expression | None) -> tuple[list[int], bool]:
    """See `list_matches`, by filters alone; where they name a value, its word in the index leads."""
    narrowed = filter_query(snapshot, rows.filters)
    if narrowed is None:
        return [], True
    condition, params = filter_condition(rows.filters)
    source, where, order = "search_documents d JOIN search_groups g ON g.key = d.group_key", condition, "d.id"
    if narrowed.startswith(AND):
        source = (
            "search_text CROSS JOIN search_documents d ON d.id = search_text.rowid"
            " CROSS JOIN search_groups g ON g.key = d.group_key"
        )
        where, params = f"search_text MATCH :query AND {condition}", {**params, "query": narrowed.removeprefix(AND)}
        order = "search_text.rowid"
    bounds, bound = rows.bounds(order)
    found = snapshot.rows(
        f"SELECT d.id FROM {source} WHERE {where}{bounds} ORDER BY {order} DESC LIMIT :limit",
        {**params, **bound, "limit": limit},
    )
    ids = [id for (id,) in found]
    without = frozenset[int]() if unwanted is None else which_match(snapshot, unwanted, ids)
    return [id for id in ids if id not in without], len(found) < limit


def _ask(snapshot: Snapshot, words: str | None, rows: _Rows) -> _Asked | None:
    """A search as SQL takes it; None: nothing can match."""
    filters = rows.filters
    narrowed = filter_query(snapshot, filters)
    if words is None or narrowed is None:
        return None
    bounds, params = rows.bounds("search_text.rowid")
    params["query"] = f"({words}){narrowed}"
    source, where = "search_text", f"search_text MATCH :query{bounds}"
    if filters.occurred_from is not None or filters.occurred_before is not None:
        condition, times = filter_condition(
            Filters(occurred_from=filters.occurred_from, occurred_before=filters.occurred_before)
        )
        source, where = (
            "search_text CROSS JOIN search_documents d ON d.id = search_text.rowid",
            f"{where} AND {condition}",
        )
        params |= times
    return f"{source} WHERE {where}", params
