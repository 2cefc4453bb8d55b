"""From a question to what was found, in order: by words, by meaning, or by both."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, check_text
from synthetic_search.asking.enums import SearchGrouping, SearchMode
from synthetic_search.asking.model import Answer, Found, Question, narrowed
from synthetic_search.documents import SearchDocuments
from synthetic_search.index.expressions import Expression, Ranked, phrases_of
from synthetic_search.index.extent import Extent
from synthetic_search.index.filters import EVERYTHING, Filters
from synthetic_search.index.hits import Retrieval
from synthetic_search.index.places import find_places
from synthetic_search.index.retrieval import find_by_words, find_newest, which_match
from synthetic_search.language.model import Query
from synthetic_search.language.parser import parse
from synthetic_search.meaning.asking import QueryMeaning, find_by_meaning
from synthetic_search.meaning.fusion import fuse
from synthetic_search.meaning.model import Similar
from synthetic_search.settings import SearchSettings

NEAREST_MAX = 200
"""Most documents that are found by meaning: what is further away is hardly about the same."""

UNDERSTOOD_OTHERWISE = "SEARCH_UNDERSTOOD_OTHERWISE"
LEXICAL_ONLY = "SEARCH_LEXICAL_ONLY"
INCOMPLETE = "SEARCH_INCOMPLETE"
"""Codes of what an answer mentions."""

NOTHING = Answer(found=(), matched=0, is_exact=True, mode=SearchMode.LEXICAL)


def kinds_of(snapshot: Snapshot) -> frozenset[str]:
    """The kinds of documents that the loaded plugins have."""
    return frozenset(record.kind for record in snapshot.contributed(SearchDocuments))


def says_something(snapshot: Snapshot, text: str, filters: Filters) -> bool:
    """Whether a text and filters ask for some documents: neither for all, nor for what can be none."""
    if not text.strip():
        return filters != EVERYTHING
    return not parse(text, now=snapshot.now, kinds=kinds_of(snapshot)).says_nothing


def understand(snapshot: Snapshot, text: str, filters: Filters = EVERYTHING) -> Query | None:
    """What somebody asks for, by what they typed and by filters beside it; None: nothing can fulfil both.

    A text of which nothing can be searched for, such as an arrow, is fulfilled by nothing; an empty one by everything.

    Raises:
        BadUserInputError: The text is longer than the settings allow.
    """
    most = snapshot.settings(SearchSettings).query_characters
    # What is not valid text is understood nevertheless; only its length is checked.
    check_text("x" * len(text), "query", characters_max=most)
    return understand_kept(snapshot, text, filters)


def understand_kept(snapshot: Snapshot, text: str, filters: Filters = EVERYTHING) -> Query | None:
    """As `understand`, whatever the length: of what was short enough when it was saved."""
    query = parse(text, now=snapshot.now, kinds=kinds_of(snapshot))
    for remark in query.remarks:
        snapshot.notice(UNDERSTOOD_OTHERWISE, remark)
    if text.strip() and query.says_nothing:
        # Something was asked for that the index knows nothing of: that is not everything.
        return None
    both = narrowed(query.filters, filters)
    return None if both is None else Query(query.wanted, query.unwanted, both, query.remarks)


def plain_words_of(query: Query) -> str:
    """The words that a query wants, without operators: what its meaning is taken from."""
    return "" if query.wanted is None else " ".join(phrase.text for phrase in phrases_of(query.wanted))


def answer(snapshot: Snapshot, question: Question, meaning: QueryMeaning, extent: Extent) -> Answer:
    """Find what a question asks for.

    Args:
        snapshot: To read in.
        question: What is asked.
        meaning: That of its words, as far as it could be told.
        extent: How far to look into the index, and what scores by words are made of.
    """
    query, limit = question.query, snapshot.settings(SearchSettings).results
    if query.wanted is None:
        listed = find_newest(
            snapshot,
            query.filters,
            _limit_of_one_list(question, limit),
            unwanted=query.unwanted,
            through=extent.through,
            is_counted=_is_counted(question, SearchMode.LEXICAL),
        )
        found = [Found(hit.id, hit.score) for hit in listed.hits]
        return _finished(snapshot, question, found, listed, SearchMode.LEXICAL)
    if not meaning.is_ready or question.mode is SearchMode.LEXICAL:
        problem = meaning.problem
        if problem is None and question.mode in (SearchMode.SEMANTIC, SearchMode.HYBRID):
            problem = "What this means cannot be told: no embedder is ready, or it knows none of the words."
        return _by_words(snapshot, question, query.wanted, problem, extent)
    similar = find_by_meaning(snapshot, meaning, query.filters, min(limit, NEAREST_MAX), through=extent.through)
    if similar is None:
        problem = "The embedder's model has just been replaced by another."
        return _by_words(snapshot, question, query.wanted, problem, extent)
    return _by_meaning(snapshot, question, query.wanted, meaning, similar, extent)


def _by_words(
    snapshot: Snapshot, question: Question, wanted: Expression, problem: str | None, extent: Extent
) -> Answer:
    """What is found by words alone; `problem`: why not by meaning, if somebody might expect that."""
    query = question.query
    limit = _limit_of_one_list(question, snapshot.settings(SearchSettings).results)
    if problem is not None:
        snapshot.notice(LEXICAL_ONLY, f"{problem} So the search was by words.")
    is_counted = _is_counted(question, SearchMode.LEXICAL)
    retrieval = find_by_words(
        snapshot, query.expression or wanted, query.filters, limit, extent=extent, is_counted=is_counted
    )
    found = [Found(hit.id, hit.score, rank, hit.score) for rank, hit in enumerate(retrieval.hits, 1)]
    return _finished(snapshot, question, found, retrieval, SearchMode.LEXICAL)


def _by_meaning(
    snapshot: Snapshot,
    question: Question,
    wanted: Expression,
    meaning: QueryMeaning,
    similar: tuple[Similar, ...],
    extent: Extent,
) -> Answer:
    """What is found by meaning, alone or beside words; what has something unwanted is left out of both."""
    query, limit = question.query, snapshot.settings(SearchSettings).results
    words = Retrieval((), 0, is_complete=True)
    if question.mode is not SearchMode.SEMANTIC:
        words = find_by_words(snapshot, query.expression or wanted, query.filters, limit, extent=extent)
    if not isinstance(wanted, Ranked):
        # Who writes a phrase or an operator is shown nothing that does not have it: meaning only orders what has.
        matching = which_match(snapshot, wanted, [hit.id for hit in similar])
        similar = tuple(hit for hit in similar if hit.id in matching)
    if query.unwanted is not None:
        unwanted = which_match(snapshot, query.unwanted, [hit.id for hit in similar])
        similar = tuple(hit for hit in similar if hit.id not in unwanted)
    similar = _as_found_by_words(snapshot, words, similar)
    fused = [Found(*each) for each in fuse(snapshot, words.hits, similar, meaning.weight)]
    mode = SearchMode.SEMANTIC if question.mode is SearchMode.SEMANTIC else SearchMode.HYBRID
    return _finished(snapshot, question, fused, words, mode)


def _as_found_by_words(snapshot: Snapshot, words: Retrieval, similar: Sequence[Similar]) -> tuple[Similar, ...]:
    """The same documents, each by the part by which words have found it, so that the two lists speak of one."""
    if not words.hits or not similar:
        return tuple(similar)
    places = find_places(snapshot, [*(hit.id for hit in words.hits), *(hit.id for hit in similar)])
    documents = {place.id: place[1:4] for place in places if place is not None}
    by_words = {documents[hit.id]: hit.id for hit in reversed(words.hits) if hit.id in documents}
    return tuple(hit._replace(id=by_words.get(documents.get(hit.id, ("", "", 0)), hit.id)) for hit in similar)


def _finished(
    snapshot: Snapshot, question: Question, found: Sequence[Found], total: Retrieval, mode: SearchMode
) -> Answer:
    """The answer, gathered by groups where these are asked for."""
    matched = max(total.matched, len(found))
    # Of what words have found and is not listed, it is not known whether meaning finds it too, or of which group it is.
    is_exact = total.is_complete and (_is_one_list(question, mode) or total.matched <= len(total.hits))
    if not total.is_complete:
        snapshot.notice(INCOMPLETE, "More matches than are looked at: the newest were. Narrow the search.")
    if question.group_by is None:
        return Answer(tuple(found), matched, is_exact, mode)
    groups = _gathered(snapshot, found, question.group_by)
    return Answer(groups, len(groups), is_exact, mode)


def _is_one_list(question: Question, mode: SearchMode) -> bool:
    return mode is SearchMode.LEXICAL and question.group_by is None


def _is_counted(question: Question, mode: SearchMode) -> bool:
    """Whether all that match have to be counted: what is fused or gathered is known to be all only by that."""
    return question.is_counted or not _is_one_list(question, mode)


def _limit_of_one_list(question: Question, limit: int) -> int:
    """How many are listed of what is found by words alone: groups are gathered of all."""
    return limit if question.listed is None or question.group_by is not None else min(limit, question.listed)


def _gathered(snapshot: Snapshot, found: Sequence[Found], group_by: SearchGrouping) -> tuple[Found, ...]:
    """The best of each group, with the number of those that it stands for."""
    places = find_places(snapshot, [each.id for each in found])
    best: dict[str | int, Found] = {}
    for each, place in zip(found, places, strict=True):
        if place is None:
            continue
        name = place.construct_id if group_by is SearchGrouping.CONSTRUCT else place.session_id
        key = each.id if name is None else name
        first = best.get(key)
        best[key] = each if first is None else first._replace(group_size=first.group_size + 1)
    return tuple(best.values())
