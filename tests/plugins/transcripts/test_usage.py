"""Usage: each response counts once, by its last message, wherever its messages stand."""

from __future__ import annotations

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.transcripts.making import PlainTranscript, append, begin, messages, plain, plain_messages, seal
from synthetic_transcripts.store import ModelUsage, Usage, get_transcript, list_usage, list_usage_of_sessions

numbers = count()


def usage(store, transcript_id: str = "t") -> list[ModelUsage]:
    return store.read(lambda snapshot: list_usage(snapshot, [get_transcript(snapshot, transcript_id).key]))[0]


def told(number: int, output: int, usage_id: str | None = "r", model: str | None = "large"):
    return plain(number, usage=Usage(1, output, 2, 3), usage_id=usage_id, model=model)


@settings(deadline=None, max_examples=examples(60))
@given(batches=st.lists(st.lists(messages(), max_size=12), max_size=8))
def test_sums_are_those_of_the_last_word_on_each_response(shared_store, batches) -> None:
    id = begin(shared_store, f"usage {next(numbers)}")
    expected = PlainTranscript()
    for batch in batches:
        expected.append(batch)
        append(shared_store, batch, id)

        assert usage(shared_store, id) == expected.usage()


def test_a_response_counts_once_by_its_last_message(store) -> None:
    begin(store)

    append(store, [told(1, 9), told(2, 9), told(3, 209)])

    assert usage(store) == [ModelUsage("large", 1, 209, 2, 3, 1)]


def test_a_later_batch_has_the_last_word_even_after_the_earlier_one_was_sealed(store) -> None:
    begin(store)
    append(store, [told(1, 9), *plain_messages(20, start=100)])
    seal(store)

    append(store, [told(2, 209)])
    assert usage(store) == [ModelUsage("large", 1, 209, 2, 3, 1)]

    append(store, [told(3, 50)])
    assert usage(store) == [ModelUsage("large", 1, 50, 2, 3, 1)]


def test_a_duplicate_has_no_word(store) -> None:
    begin(store)
    append(store, [told(1, 9)])

    append(store, [told(1, 999)])

    assert usage(store) == [ModelUsage("large", 1, 9, 2, 3, 1)]


def test_usage_without_an_id_is_the_message_s_own(store) -> None:
    begin(store)

    append(store, [told(1, 9, None), told(2, 10, None)])

    assert usage(store) == [ModelUsage("large", 2, 19, 4, 6, 2)]


def test_a_response_that_changes_its_model_moves_to_that_model(store) -> None:
    begin(store)
    append(store, [told(1, 9, model=None), told(2, 5, "other", "small")])
    assert usage(store) == [ModelUsage(None, 1, 9, 2, 3, 1), ModelUsage("small", 1, 5, 2, 3, 1)]

    append(store, [told(3, 10, model="small")])

    assert usage(store) == [ModelUsage("small", 2, 15, 4, 6, 2)]


def test_a_message_of_a_response_without_usage_leaves_its_usage(store) -> None:
    begin(store)
    append(store, [told(1, 9)])

    append(store, [plain(2, usage_id="r", model="small")])

    assert usage(store) == [ModelUsage("large", 1, 9, 2, 3, 1)]


def test_the_usage_of_a_session_is_that_of_its_transcripts(store) -> None:
    for id in ("t1", "t2"):
        append(store, [told(1, 9)], begin(store, id, "s"))
    append(store, [told(1, 5)], begin(store, "t3", "other"))
    begin(store, "t4", "idle")

    sums = store.read(lambda snapshot: list_usage_of_sessions(snapshot, ["other", "s", "idle", "nowhere"]))

    assert sums == [[ModelUsage("large", 1, 5, 2, 3, 1)], [ModelUsage("large", 2, 18, 4, 6, 2)], [], []]
