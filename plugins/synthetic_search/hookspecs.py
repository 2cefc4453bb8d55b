"""The hooks that search offers to other plugins.

They are called like the kernel's own (see `synthetic.hookspecs`): once, when the
kernel is made, without arguments, and without doing any I/O.
"""

from __future__ import annotations

from synthetic import hookspec
from synthetic_search.documents import SearchDocuments
from synthetic_search.meaning.embedders import Embedder


@hookspec
def register_search_documents() -> tuple[SearchDocuments, ...]:  # pyright: ignore[reportReturnType]
    """Say how entities become documents that can be found.

    The functions of a record are called while a store is open: in the
    background for entities that events name, or that a rebuild comes upon, and
    for the hits of a page, whose text is read again and not kept. Each gets a
    snapshot, and reads the store and nothing else. What one of them raises
    keeps that entity out of the index until a later attempt; it is counted and
    logged, and the others go on.

    Returns:
        `SearchDocuments` records; kinds are unique among all plugins, and each
        type of entity has one.

    Example::

        def read_notes(snapshot: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
            rows = snapshot.rows(
                "SELECT id, body, construct_id, created_at FROM notes WHERE id IN (SELECT value FROM json_each(:ids))",
                {"ids": to_json(ids)},
            )
            found = {
                id: SearchDocument(id, "", body, created_at, construct_id=construct_id)
                for id, body, construct_id, created_at in rows
            }
            return [found.get(id) for id in ids]

        def scan_notes(snapshot: Snapshot, after: str | None, limit: int) -> list[str]:
            sql = "SELECT id FROM notes WHERE id > :after ORDER BY id LIMIT :limit"
            return [id for (id,) in snapshot.rows(sql, {"after": after or "", "limit": limit})]

        @hookimpl
        def register_search_documents():
            return (
                SearchDocuments(
                    kind="NOTE", entity="note", purpose="Notes by their text.", read=read_notes, scan=scan_notes
                ),
            )
    """


@hookspec
def register_embedders() -> tuple[Embedder, ...]:  # pyright: ignore[reportReturnType]
    """Contribute ways to make vectors of texts, for the search by meaning.

    The setting `embedder` names the one that is used. It is opened in the
    background, in the process that does the store's background work, to embed
    documents; and in each process that is asked for something, to embed that.
    What it raises is an `EmbedderError`: documents are tried again after a
    pause that grows up to a minute, and a search is answered by words alone,
    with a notice. A query that takes longer than `meaning_timeout_ms` is
    answered so too. The model and the dimension are recorded with the vectors;
    another model is filled while the old one answers.

    Returns:
        `Embedder` records; names are unique among all plugins.

    Example::

        class VowelEmbedder:
            def embed_documents(self, texts):
                return [[float(text.count(vowel)) for vowel in "aeiou"] for text in texts]

            def embed_query(self, text):
                return EmbeddedQuery(self.embed_documents([text])[0])

            def close(self):
                pass

        @hookimpl
        def register_embedders():
            return (
                Embedder(
                    name="vowels",
                    purpose="Finds texts with about the same vowels.",
                    identify=lambda settings: "aeiou-1",
                    open=lambda settings, model, fitted: VowelEmbedder(),
                ),
            )
    """
