"""The cache of decompressed stretches: bounded, safe for threads, and never ahead of a commit."""

from __future__ import annotations

import threading

import pytest

from plugins.transcripts.making import append, begin, everything, layout, plain_messages, seal
from synthetic_transcripts.codec import Encoded
from synthetic_transcripts.store import get_transcript, read_messages, seal_tail
from synthetic_transcripts.store.stretches import ENTRY_BYTES, StretchCache


def entry(size: int) -> Encoded:
    return Encoded(bytes(16), bytes(size - 16 - ENTRY_BYTES))


def test_it_never_holds_more_than_its_bytes_and_drops_what_was_asked_for_the_longest_ago() -> None:
    cache = StretchCache(3_000)
    for id in (1, 2, 3):
        cache.keep(id, entry(1_000))
    assert cache.bytes_used == 3_000
    assert cache.find(1) is not None

    cache.keep(4, entry(1_500))

    assert cache.bytes_used == 2_500
    assert [id for id in (1, 2, 3, 4) if cache.find(id) is not None] == [1, 4]


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = StretchCache(3_000)
    cache.keep(1, entry(1_000))

    cache.keep(2, entry(3_001))

    assert cache.find(1) is not None
    assert cache.find(2) is None


def test_keeping_what_it_has_changes_nothing() -> None:
    cache = StretchCache(3_000)
    first = entry(1_000)
    cache.keep(1, first)

    cache.keep(1, entry(1_000))

    assert cache.find(1) is first
    assert cache.bytes_used == 1_000


def test_threads_that_use_it_together_leave_its_count_right() -> None:
    cache = StretchCache(50_000)
    start = threading.Barrier(4)

    def work(seed: int) -> None:
        start.wait()
        for step in range(3_000):
            id = (step * seed) % 97
            if cache.find(id) is None:
                cache.keep(id, entry(1_000 + id))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (3, 5, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    held = [cache.find(id) for id in range(97)]
    assert cache.bytes_used == sum(
        len(found.ids) + len(found.rest) + ENTRY_BYTES for found in held if found is not None
    )
    assert cache.bytes_used <= 50_000


def cached(store) -> StretchCache:
    return store.read(lambda snapshot: snapshot.resource(StretchCache))


def test_a_store_has_one_as_large_as_its_settings_say(data_dir, settings) -> None:
    from synthetic.testing import open_test_store

    with open_test_store(data_dir, settings={**settings, "plugins.transcripts.cache_bytes": "1048576"}) as store:
        assert cached(store) is cached(store)
        assert cached(store).bytes_max == 1_048_576


@pytest.mark.parametrize("settings", [{"plugins.transcripts.cache_bytes": "1048576"}])
def test_reading_more_than_it_holds_stays_within_its_bytes(store) -> None:
    begin(store)
    append(store, [message for start in range(1, 3_001, 500) for message in large_messages(start)])

    everything(store)

    assert 0 < cached(store).bytes_used <= 1_048_576


def large_messages(start: int):
    from plugins.transcripts.making import plain

    return [plain(number, text=f"{number:07}" * 120) for number in range(start, start + 500)]


def test_a_write_that_is_undone_leaves_nothing_in_it(store) -> None:
    begin(store)
    append(store, plain_messages(5))

    class UndoneError(Exception):
        pass

    def seal_and_fail(tx) -> None:
        seal_tail(tx, get_transcript(tx, "t"))
        transcript = get_transcript(tx, "t")
        assert len(read_messages(tx, transcript, first=5).messages) == 5
        raise UndoneError

    with pytest.raises(UndoneError):
        store.write(seal_and_fail)
    assert cached(store).bytes_used == 0
    append(store, plain_messages(3, start=6))

    assert layout(store) == ([8], 0)
    assert [message["source_id"] for message in everything(store)] == [str(number) for number in range(1, 9)]


def test_a_stretch_that_was_sealed_again_is_read_anew(store) -> None:
    begin(store)
    append(store, plain_messages(5))
    seal(store)
    everything(store)
    append(store, plain_messages(2, start=6))
    seal(store)

    assert layout(store) == ([7], 0)
    assert [message["source_id"] for message in everything(store)] == [str(number) for number in range(1, 8)]
