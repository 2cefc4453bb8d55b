"""A page of messages costs the same wherever it lies in a transcript.

The limit is a page at the start of the same transcript. Each round takes the
next of twenty pages, because a page that lies in two stretches costs more than
one that lies in one. They are decompressed each time: the cache is smaller than
the twenty pages.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synthetic.store import Store
from synthetic.testing import copy_template, expect_data, open_test_store
from synthetic_transcripts import store as transcripts

from .ingesting import Ingested
from .promises import Comparison

PAGE = 100
PAGES = 20
COLD = {"plugins.transcripts.cache_bytes": "1048576"}
QUERY = """
query ($id: ID!, $from: Int!) {
  transcript(id: $id) {
    messages(first: 100, fromSeq: $from) {
      nodes { seq role kind text model occurredAt usage { inputTokens outputTokens } }
    }
  }
}
"""


@pytest.fixture
def store(ingested: list[Ingested], tmp_path: Path):
    """The store of a hundred thousand messages, in one transcript."""
    (large,) = [each for each in ingested if each.messages == 100_000]
    with open_test_store(copy_template(large.directory, tmp_path / "store"), settings=COLD) as store:
        yield store


@pytest.fixture
def transcript_id(store: Store) -> str:
    return store.read(lambda snapshot: snapshot.value("SELECT id FROM transcripts"))


def starts(*, at_end: bool) -> Iterator[int]:
    """The first seq of page after page, round and round."""
    return itertools.cycle(range(100_000 - PAGE * PAGES + 1 if at_end else 1, 100_001, PAGE)[:PAGES])


def compare_pages(compare: Comparison, name: str, read: Callable[[int], None]) -> None:
    end, start = starts(at_end=True), starts(at_end=False)
    compare(name, ours=lambda: read(next(end)), limit=lambda: read(next(start)), at_most=1.2, rounds=200)


@pytest.mark.timeout(3_600)
def test_a_page_at_the_end_costs_what_one_at_the_start_does(compare: Comparison, store: Store, transcript_id: str):
    transcript = store.read(transcripts.get_transcript, transcript_id)
    assert transcript.message_count == 100_000

    def read(seq: int) -> None:
        page = store.read(
            lambda snapshot: transcripts.read_messages(snapshot, transcript, first=PAGE, after_seq=seq - 1)
        )
        assert len(page.messages) == PAGE

    compare_pages(compare, "page of 100 at the end of 100,000, store", read)


@pytest.mark.timeout(3_600)
def test_a_page_at_the_end_costs_what_one_at_the_start_does_in_graphql(
    compare: Comparison, store: Store, transcript_id: str
):
    def read(seq: int) -> None:
        data = expect_data(store.graphql(QUERY, {"id": transcript_id, "from": seq}))
        assert len(data["transcript"]["messages"]["nodes"]) == PAGE

    compare_pages(compare, "page of 100 at the end of 100,000, GraphQL", read)
