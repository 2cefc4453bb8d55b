"""Search: one box over everything that the plugins keep as text.

Each plugin says how its entities become documents (`register_search_documents`,
in its module `with_search.py`). A mirror of the log notes which entities have
changed, and a service brings the index in step with them. The index holds no
text: what a page shows is read again from where it stands.

Themes, each a package with its own rooms: `index` (documents, the full-text
index, retrieval by words); `language` (what somebody types); `asking` (the
query `search`, its answer and the command); `meaning` (embedders, vectors,
retrieval by meaning); `saved` (searches that are kept and told of live).

Tables: `search_entities`, `search_groups`, `search_values`, `search_documents`,
`search_pending`, `search_text`, `search_words`; `search_models`,
`search_model_parts`, `search_vectors`, `search_vector_blocks`;
`saved_searches`, `saved_search_hits`.

States: an entity is indexed, or waits in `search_pending`, or both.

Events: `saved_search.saved`, `saved_search.deleted`, `saved_search.matched`.

Error codes: SAVED_SEARCH_LIMIT, SEARCH_EMBEDDER_FAILED, SEARCH_EMBEDDER_UNKNOWN,
SEARCH_TEXT_REFUSED.

Other plugins may import `store`: the records of the hooks.
"""
