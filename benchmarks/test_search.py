"""Search by words over 100,000 messages, a million with `--full`: how fast the index is built, how large it is, what a
query costs through GraphQL with its snippets, what of a word that very many have, beside FTS5 alone on the same text.

FTS5 alone is a plain table with one column, asked for the twenty best by its
own `bm25` and for their snippets; it has no filters, no parts of identifiers
and keeps the text.
"""

from __future__ import annotations

import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from synthetic import Snapshot
from synthetic.store import Store
from synthetic.testing import expect_data, open_test_store
from synthetic_search.index import pending
from synthetic_search.index.expressions import Phrase, Ranked
from synthetic_search.index.extent import count_documents
from synthetic_search.index.filters import EVERYTHING
from synthetic_search.index.indexing import index_pending
from synthetic_search.index.retrieval import find_by_words
from synthetic_search.meaning.filling import take_turn

from .promises import Promise, in_bytes, in_time
from .spoken_words import MESSAGES_OF_SESSION, append, fill, session_of, texts, vocabulary

MESSAGES = 100_000
FULL_MESSAGES = 1_000_000
QUERIES = 60
INGEST_SECONDS = 15.0
INGESTED_PER_SECOND = 3_000
SESSIONS_SAID = 20
SEARCH = """query ($query: String!) { search(query: $query, mode: LEXICAL, first: 20) {
  nodes { kind id title snippet { text highlights { start end } } score } } }"""
HYBRID = """query ($query: String!, $sessions: [ID!]) {
  search(query: $query, mode: HYBRID, first: 20, filter: {sessionIds: $sessions}) {
    mode nodes { kind id title snippet { text highlights { start end } } score }
  } }"""
HYBRID_SECONDS = 0.4
RAW = "SELECT rowid, snippet(raw, 0, '[', ']', '...', 24) FROM raw WHERE raw MATCH :query ORDER BY rank LIMIT 20"
SIZES = "SELECT sum(pgsize) FROM dbstat WHERE name GLOB 'search_*' AND name NOT GLOB 'search_vector*' AND aggregate = 1"

Figures = Callable[[Promise], None]


class Built(NamedTuple):
    """A store that is indexed, and the same text in FTS5 alone.

    Attributes:
        store: Open.
        raw: A connection to the other.
        messages: How many there are.
        text_bytes: What they say.
        seconds: What the indexing took.
        raw_seconds: What FTS5 alone took.
    """

    store: Store
    raw: apsw.Connection
    messages: int
    text_bytes: int
    seconds: float
    raw_seconds: float


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, is_full: bool) -> Generator[Built]:
    messages = FULL_MESSAGES if is_full else MESSAGES
    directory = tmp_path_factory.mktemp("search")
    raw, raw_seconds = fill_raw(directory / "raw.db", messages)
    with open_test_store(directory / "store") as store:
        text_bytes = fill(store, messages)
        note_all(store)
        started = time.perf_counter()
        while index_pending(store):
            pass
        yield Built(store, raw, messages, text_bytes, time.perf_counter() - started, raw_seconds)
    raw.close()


def fill_raw(path: Path, messages: int) -> tuple[apsw.Connection, float]:
    """FTS5 alone; the time without that of making the text."""
    connection = apsw.Connection(str(path))
    for setting in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -65536"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("CREATE VIRTUAL TABLE raw USING fts5(body, tokenize = 'porter unicode61 remove_diacritics 2')")
    seconds, batch = 0.0, []
    for number, text in enumerate(texts(messages), 1):
        batch.append((number, text))
        if len(batch) == 1_000 or number == messages:
            started = time.perf_counter()
            with connection:
                connection.executemany("INSERT INTO raw (rowid, body) VALUES (?, ?)", batch)
            seconds += time.perf_counter() - started
            batch = []
    return connection, seconds


def note_all(store: Store) -> None:
    """Note all entities, as a rebuild does."""
    cursor = None
    while found := store.read(pending.scan, cursor, 500):
        store.write(pending.note, [(entity_type, id) for _, entity_type, id in found])
        cursor = found[-1][0]


def queries_of(*ranks: range) -> list[str]:
    """Queries of one word from each range of ranks; the first ranks are the most frequent words."""
    words = vocabulary(random.Random(0))
    return [" ".join(words[of[number * len(of) // QUERIES]] for of in ranks) for number in range(QUERIES)]


def times_of(ask: Callable[[str], object], queries: list[str]) -> list[float]:
    """What each query takes, after one round that does not count."""
    for query in queries[:5]:
        ask(query)
    times: list[float] = []
    for query in queries:
        started = time.perf_counter()
        ask(query)
        times.append(time.perf_counter() - started)
    return times


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def ask_of(store: Store) -> Callable[[str], object]:
    return lambda query: expect_data(store.graphql(SEARCH, {"query": query}))


def ask_raw(connection: apsw.Connection, joined: str = " OR ") -> Callable[[str], object]:
    return lambda query: connection.execute(
        RAW, {"query": joined.join(f'"{word}"' for word in query.split())}
    ).fetchall()


def test_the_index_is_built_nearly_as_fast_as_fts5_alone(built: Built, promise: Figures):
    ours, raw = built.messages / built.seconds, built.messages / built.raw_seconds
    promise(Promise(f"index {built.messages:,} messages", f"{ours:,.0f}/s", f"{raw:,.0f}/s", ours / raw, at_least=0.6))
    size = built.store.read(lambda snapshot: snapshot.value(SIZES))
    raw_size = built.raw.execute("SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1").get
    promise(
        Promise(
            f"size of the index of {in_bytes(built.text_bytes)} of text; FTS5 alone with its text",
            in_bytes(size),
            in_bytes(raw_size),
            size / raw_size,
        )
    )


@pytest.mark.parametrize(
    ("name", "ranks", "limit_seconds"),
    [
        ("a word that one in 20,000 has", (range(20_000, 50_000),), 0.1),
        ("a word that one in 300 has", (range(300, 900),), 0.1),
        ("one common word", (range(60),), 0.05),
        ("two words", (range(400, 1_000), range(3_000, 9_000)), 0.1),
        ("a common word and a rare one", (range(60), range(3_000, 9_000)), 0.1),
        ("four words, all common", (range(15), range(15, 30), range(30, 45), range(45, 60)), 0.1),
    ],
)
def test_keywords_are_answered_at_once(
    built: Built, promise: Figures, name: str, ranks: tuple[range, ...], limit_seconds: float
):
    queries = queries_of(*ranks)
    ours = times_of(ask_of(built.store), queries)
    raw = times_of(ask_raw(built.raw), queries)
    promise(
        Promise(
            f"{name}, with snippets: p95",
            in_time(p95(ours)),
            in_time(limit_seconds),
            p95(ours) / limit_seconds,
            at_most=1.0,
        )
    )
    promise(
        Promise(
            f"{name}: median beside FTS5 alone",
            in_time(statistics.median(ours)),
            in_time(statistics.median(raw)),
            statistics.median(ours) / statistics.median(raw),
            at_most=1.5,
        )
    )


@pytest.mark.parametrize("per_second", [INGESTED_PER_SECOND, None])
def test_keywords_are_answered_while_messages_are_appended_and_indexed(
    built: Built, promise: Figures, per_second: int | None
):
    """What is promised holds for a number of messages a second; then, without a promise, for as many as go."""
    stop = threading.Event()
    before = built.store.read(count_documents)
    # Made before: to draw words takes ten times as long as to append them, and would keep the searches waiting.
    said = list(texts(MESSAGES_OF_SESSION * SESSIONS_SAID, seed=2))

    def ingest() -> None:
        began = time.monotonic()
        for session in itertools.count():
            first = session % SESSIONS_SAID * MESSAGES_OF_SESSION
            number = before + session * MESSAGES_OF_SESSION
            append(built.store, said[first : first + MESSAGES_OF_SESSION], number)
            built.store.write(pending.note, [("transcript", session_of(number))])
            while index_pending(built.store):
                pass
            due = 0.0 if per_second is None else began + (session + 1) * MESSAGES_OF_SESSION / per_second
            if stop.wait(max(0.0, due - time.monotonic())):
                return

    thread = threading.Thread(target=ingest)
    thread.start()
    try:
        queries, ask = queries_of(range(300, 9_000)), ask_of(built.store)
        times: list[float] = []
        began = time.monotonic()
        while time.monotonic() < began + INGEST_SECONDS:
            times += times_of(ask, queries)
        added = built.store.read(count_documents) - before
        rate = added / (time.monotonic() - began)
    finally:
        stop.set()
        thread.join()
    assert rate >= (per_second or 1) * 0.9
    promise(
        Promise(
            f"keywords while {rate:,.0f} messages a second are indexed: p95",
            in_time(p95(times)),
            in_time(0.1),
            p95(times) / 0.1,
            at_most=None if per_second is None else 1.0,
        )
    )


def test_words_and_meaning_with_a_narrow_filter_are_answered_at_once(built: Built, promise: Figures):
    """Of all documents, a hundredth pass the filter; the learnt embedder has made its vectors before."""
    while take_turn(built.store):
        pass
    sessions = [session_of(first) for first in range(0, built.messages // 100, MESSAGES_OF_SESSION)]

    def ask(query: str) -> None:
        found = expect_data(built.store.graphql(HYBRID, {"query": query, "sessions": sessions}))["search"]
        assert (found["mode"], bool(found["nodes"])) == ("HYBRID", True)

    slow = p95(times_of(ask, queries_of(range(400, 1_000), range(3_000, 9_000))))
    promise(
        Promise(
            f"words and meaning among 1 % of {built.store.read(count_documents):,} documents: p95",
            in_time(slow),
            in_time(HYBRID_SECONDS),
            slow / HYBRID_SECONDS,
            at_most=1.0,
        )
    )


def test_what_it_costs_to_score_the_newest_matches_alone(built: Built, promise: Figures):
    """How much of the ten best of all matches is among those that are given, and how good those are that are."""
    shares: list[float] = []
    worth: list[float] = []
    for query in queries_of(range(15), range(15, 30), range(30, 45), range(45, 60))[::6]:
        asked = Ranked(tuple(map(Phrase, query.split())))
        some = built.store.read(lambda snapshot, asked=asked: best(snapshot, asked, None))
        every = built.store.read(lambda snapshot, asked=asked: best(snapshot, asked, 10_000_000))
        shares.append(len(some.keys() & every.keys()) / max(1, len(every)))
        worth.append(sum(some.values()) / max(1e-9, sum(every.values())))
    promise(
        Promise(
            "four common words: share of the ten best of all",
            f"{statistics.mean(shares):.2f}",
            "1.00",
            statistics.mean(shares),
        )
    )
    promise(
        Promise(
            "four common words: scores of the ten, beside those of the best",
            f"{statistics.mean(worth):.3f}",
            "1.000",
            statistics.mean(worth),
            at_least=0.9,
        )
    )


def best(snapshot: Snapshot, asked: Ranked, scored: int | None) -> dict[int, float]:
    """The ten best, by score; `scored`: of so many matches, else as the settings say."""
    found = find_by_words(snapshot, asked, EVERYTHING, 10, scored_matches=scored)
    return {hit.id: hit.score for hit in found.hits}
