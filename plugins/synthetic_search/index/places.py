"""What a document is, and its text, read again from where it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from synthetic import Snapshot, Value, to_json
from synthetic_search.documents import SearchDocument
from synthetic_search.index.filters import Filters
from synthetic_search.index.parts import cut
from synthetic_search.index.sources import sources_of
from synthetic_search.settings import SearchSettings

CHARACTERS_AT_ONCE = 1_000_000
"""About so much of bodies is read at once, unless one is longer."""


class Place(NamedTuple):
    """What the index knows of a document, or of a part of one.

    Attributes:
        id: Of its row in `search_documents`.
        kind: Of the `SearchDocuments` that it comes from.
        entity_id: The entity that it comes from.
        ordinal: Its place among the documents of that entity; 0 where it has one.
        part: Which part of a long document it is, from 0.
        construct_id: The construct that it belongs to, or None.
        session_id: The session, or None.
        status: As it was when it was indexed, or None.
        facets: As JSON.
        occurred_at: Unix milliseconds UTC.
        parts: How many parts of the document are indexed.
    """

    id: int
    kind: str
    entity_id: str
    ordinal: int
    part: int
    construct_id: str | None
    session_id: str | None
    status: str | None
    facets: str
    occurred_at: int
    parts: int

    @property
    def document_id(self) -> str:
        """As the plugin that it comes from knows it."""
        return f"{self.entity_id}:{self.ordinal}" if self.ordinal else self.entity_id


def find_places(snapshot: Snapshot, ids: Sequence[int]) -> list[Place | None]:
    """For each id of `search_documents` what is known of it; None: it is not indexed any more."""
    found = {
        place.id: place
        for place in snapshot.records(
            Place,
            "SELECT d.id, g.kind, e.entity_id, d.ordinal, d.part, nullif(g.construct_id, ''),"
            " nullif(g.session_id, ''), nullif(g.status, ''), g.facets, d.occurred_at,"
            " 1 + (SELECT max(p.part) FROM search_documents p"
            " WHERE p.entity_key = d.entity_key AND p.ordinal = d.ordinal)"
            " FROM json_each(:ids) j CROSS JOIN search_documents d ON d.id = j.value"
            " JOIN search_groups g ON g.key = d.group_key JOIN search_entities e ON e.key = d.entity_key",
            {"ids": to_json(ids)},
        )
    }
    return [found.get(id) for id in ids]


def read_documents(
    snapshot: Snapshot, places: Sequence[Place], *, with_bodies: bool = True
) -> list[SearchDocument | None]:
    """For each place the document as it is now, with the body of that part alone; None: it is gone meanwhile.

    Of long documents only some are read at once, and no more is kept of them than their parts.

    Args:
        snapshot: To read in.
        places: Which.
        with_bodies: Whether bodies are wanted; else they are empty.
    """
    sources = sources_of(snapshot).by_kind
    settings = snapshot.settings(SearchSettings)
    documents: list[SearchDocument | None] = [None] * len(places)
    wanted: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, place in enumerate(places):
        if place.kind in sources:
            wanted[place.kind][place.document_id].append(number)
    for kind, numbers in wanted.items():
        source = sources[kind]
        read = source.read if with_bodies or source.read_titles is None else source.read_titles
        characters = {id: places[some[0]].parts * settings.part_characters for id, some in numbers.items()}
        for ids in _some_at_once(characters, source.read_at_once):
            for id, document in zip(ids, read(snapshot, ids), strict=True):
                if document is None:
                    continue
                if not with_bodies:
                    document = document._replace(body="")
                parts = _parts_of(document, [places[number].part for number in numbers[id]], settings)
                for number in numbers[id]:
                    documents[number] = parts[places[number].part]
    return documents


def _some_at_once(characters: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Ids of documents in their order, as many as are read at once."""
    some: list[str] = []
    gathered = 0
    for id, length in characters.items():
        if some and (len(some) == most or gathered + length > CHARACTERS_AT_ONCE):
            yield some
            some, gathered = [], 0
        some.append(id)
        gathered += length
    if some:
        yield some


def _parts_of(document: SearchDocument, numbers: Sequence[int], settings: SearchSettings) -> dict[int, SearchDocument]:
    """A document with the body of each of these parts."""
    if len(document.body) <= settings.part_characters:
        return dict.fromkeys(numbers, document)
    found = dict.fromkeys(numbers, document._replace(body=""))
    texts = cut(document.body[: settings.body_characters], settings.part_characters)
    for number, text in enumerate(islice(texts, max(numbers) + 1)):
        if number in found:
            found[number] = document._replace(body=text)
    return found


def filter_condition(filters: Filters) -> tuple[str, dict[str, Value]]:
    """A condition over `search_documents d JOIN search_groups g ON g.key = d.group_key`.

    Returns:
        SQL, and what is bound to its parameters, whose names begin with `filter_`.
    """
    conditions, params = ["TRUE"], dict[str, Value]()
    for column, wanted, unwanted in (
        ("kind", filters.kinds, filters.not_kinds),
        ("construct_id", filters.construct_ids, filters.not_construct_ids),
        ("session_id", filters.session_ids, filters.not_session_ids),
        ("status", filters.statuses, filters.not_statuses),
    ):
        for word, values in (("IN", wanted), ("NOT IN", unwanted)):
            if values is not None:
                name = f"filter_{len(params)}"
                conditions.append(f"g.{column} {word} (SELECT value FROM json_each(:{name}))")
                params[name] = to_json(values)
    for facet, values in sorted(filters.facets.items()):
        name = f"filter_{len(params)}"
        conditions.append(
            f"EXISTS (SELECT 1 FROM json_each(g.facets) f WHERE f.key = :{name}"
            f" AND f.value IN (SELECT value FROM json_each(:{name}_values)))"
        )
        params[name], params[f"{name}_values"] = facet, to_json(values)
    if filters.occurred_from is not None:
        conditions.append("d.occurred_at >= :filter_from")
        params["filter_from"] = filters.occurred_from
    if filters.occurred_before is not None:
        conditions.append("d.occurred_at < :filter_before")
        params["filter_before"] = filters.occurred_before
    return " AND ".join(conditions), params
