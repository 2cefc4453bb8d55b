"""One letter: how it is stored, retried, counted, ended and kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from synthetic import (
    BadUserInputError,
    ConflictError,
    NotFoundError,
    ReportedError,
    from_json,
    run_retention_batch,
)
from synthetic_dead_letters.errors import (
    DeadLetterBlockedError,
    DeadLetterEndedError,
    DeadLetterRetryingError,
    NotRetryableError,
)
from synthetic_dead_letters.store import (
    Criteria,
    NewDeadLetter,
    done,
    failed,
    retry_due_letters,
)

DAY_MS = 24 * 3_600_000
CONTRACT = {"code", "message", "recoverable", "retryAfterMs", "action", "details", "correlationId", "occurredAt"}


def test_a_letter_keeps_what_a_retry_needs_and_why_it_failed_in_the_shape_of_the_contract(letters):
    letter = letters.save(payload={"to": [1, None]}, entity_type="message", entity_id="m1", attempts=5, key="k")
    assert letter == letters.get()
    assert (letter.status, letter.attempts, letter.retries, letter.next_retry_at) == ("PENDING", 5, 0, None)
    assert from_json(letter.payload) == {"to": [1, None]}
    error = from_json(letter.error)
    assert set(error) == CONTRACT
    assert (error["code"], error["occurredAt"]) == ("REFUSED", "2027-01-15T08:00:00.000Z")
    assert letters.told() == ["saved"]


def test_sent_again_a_letter_is_what_is_there_and_another_one_under_its_id_a_conflict(letters):
    first = letters.save()
    assert letters.save() == first
    with pytest.raises(ConflictError) as refused:
        letters.save(payload="other", key="k")
    assert refused.value.details["differs"] == ["key", "payload"]
    assert letters.told() == ["saved"]


def test_what_fails_again_while_its_letter_is_open_is_added_to_that_letter(letters, outbox_clock):
    about = {"entity_type": "message", "entity_id": "m1"}
    letters.save(**about)
    outbox_clock.jump(1_000)
    again = letters.save(id=None, **about, error=ReportedError(code="LATE", message="Too late."))
    assert (again.id, again.attempts, again.code) == ("a", 2, "LATE")
    assert again.last_failed_at - again.first_failed_at == 1_000
    letters.discard_dead_letter("a")
    assert letters.save(id=None, **about).id != "a"
    assert letters.told() == ["saved", "failed", "discarded", "saved"]


def test_failures_that_differ_in_numbers_ids_and_quoted_words_alone_are_one_group(letters):
    def fingerprint(id: str, message: str, code: str = "REFUSED", **more: str) -> str:
        return letters.save(id, error=ReportedError(code=code, message=message), **more).fingerprint

    one = fingerprint("a", "Message 17 to 'ann' (0192f3c4-0000-7000-8000-000000000001) at 10:15 was refused.")
    assert fingerprint("b", "Message 2 to 'bob' (0192f3c4-1111-7000-8000-000000000002) at 9:00 was refused.") == one
    others = [
        fingerprint("c", "Message 17 was refused."),
        fingerprint("d", "Message 17 was refused.", code="LOST"),
        fingerprint("e", "Message 17 was refused.", source="gateway"),
        fingerprint("f", "Message 17 was refused.", group="by channel"),
    ]
    assert len({one, *others}) == 5
    letters.resolve_dead_letter("b")
    largest, *_ = letters.list_groups()
    assert {group.letters for group in letters.list_groups()} == {1}
    assert len(letters.list_groups(source="outbox")) == 4
    assert largest.sample_id in "acdef"


def test_a_retry_that_works_resolves_the_letter_and_names_what_came_of_it(letters):
    letters.save()
    letter = letters.retry()
    assert (letter.status, letter.retries, letter.attempts) == ("RESOLVED", 1, 1)
    assert (letter.retry_entity_type, letter.retry_entity_id) == ("message", "sent a")
    assert letters.sent() == ["a"]
    with pytest.raises(DeadLetterEndedError):
        letters.retry()
    assert letters.calls == ["a"]
    assert letters.told() == ["saved", "resolved"]


@pytest.mark.parametrize(
    ("fate", "code", "written"),
    [("fail", "GATEWAY_DOWN", ["a"]), ("raise", "BAD_USER_INPUT", []), ("break", "INTERNAL", [])],
)
@pytest.mark.parametrize("source", ["outbox", "gateway"])
def test_a_retry_that_fails_leaves_the_letter_pending_with_the_new_error(letters, source, fate, code, written):
    letters.save(payload=fate, source=source)
    letter = letters.retry()
    assert (letter.status, letter.code, letter.retries, letter.attempts) == ("PENDING", code, 1, 2)
    assert "secret" not in letter.error
    assert letters.sent() == (written if source == "outbox" else [])
    assert letters.told()[-1] == "failed"


def test_a_retry_that_goes_on_elsewhere_is_under_way_until_its_source_says_how_it_ended(letters):
    letters.save(payload="start")
    assert letters.retry().status == "RETRYING"
    with pytest.raises(DeadLetterRetryingError) as refused:
        letters.retry()
    assert refused.value.details["retryEntityId"] == "job of a"
    assert letters.settle_retry_of("job", "another", done()) is None
    again = letters.settle_retry_of("job", "job of a", failed(ReportedError(code="STILL", message="No.")))
    assert (again.status, again.code) == ("PENDING", "STILL")
    letters.retry()
    assert letters.settle_retry_of("job", "job of a", done()).status == "RESOLVED"
    assert letters.told() == ["saved", "retrying", "failed", "retrying", "resolved"]


def test_a_retry_of_which_nothing_is_heard_is_given_up(letters, outbox_clock):
    letters.save(payload="start")
    letters.retry()
    outbox_clock.jump(DAY_MS - 1)
    assert letters.give_up_lost_retries() == 0
    outbox_clock.jump(1)
    assert letters.give_up_lost_retries() == 1
    assert (letters.get().status, letters.get().code) == ("PENDING", "DEAD_LETTER_RETRY_LOST")


def test_letters_with_one_key_are_retried_in_the_order_of_arrival(letters):
    letters.save("first", payload="fail", key="k")
    letters.save("second", key="k")
    letters.save("elsewhere", key="k", source="gateway")
    letters.save("free")
    with pytest.raises(DeadLetterBlockedError) as refused:
        letters.retry("second")
    assert refused.value.details["earlierId"] == "first"
    assert [letters.retry(id).status for id in ("elsewhere", "free")] == ["RESOLVED", "RESOLVED"]
    letters.retry("first")
    with pytest.raises(DeadLetterBlockedError):
        letters.retry("second")
    letters.discard_dead_letter("first")
    assert letters.retry("second").status == "RESOLVED"
    letters.save("third", payload="fail", key="k")
    letters.save("fourth", key="k")
    assert letters.retry("fourth", is_out_of_order=True).status == "RESOLVED"


def test_a_letter_is_edited_and_retried_and_keeps_what_it_was(letters):
    letters.save(payload="fail")
    with pytest.raises(BadUserInputError):
        letters.retry(has_payload=True, payload="nonsense")
    assert (letters.get().payload, letters.calls) == ('"fail"', [])
    letters.retry(has_payload=True, payload="raise")
    letter = letters.retry(has_payload=True, payload="done")
    assert (letter.status, letter.payload, letter.original_payload) == ("RESOLVED", '"done"', '"fail"')
    assert letter.edited_by == "program"
    assert letters.told() == ["saved", "edited", "failed", "edited", "resolved"]


def test_a_source_can_refuse_that_its_letters_are_edited_and_an_unknown_one_that_they_are_retried(letters):
    letters.save(source="gateway")
    with pytest.raises(BadUserInputError):
        letters.retry(has_payload=True, payload="done")
    letters.save("b", source="elsewhere")
    with pytest.raises(NotRetryableError):
        letters.retry("b")
    with pytest.raises(NotFoundError):
        letters.retry("nobody")


def test_a_worker_outside_counts_its_retries_and_two_cannot_count_the_same_one(letters):
    letters.save(source="elsewhere")
    counted = letters.increment_retry("a", if_retries=0)
    assert (counted.status, counted.retries, counted.attempts, counted.code) == ("PENDING", 1, 2, "REFUSED")
    with pytest.raises(ConflictError):
        letters.increment_retry("a", if_retries=0)
    failed_again = letters.increment_retry("a", error=ReportedError(code="AGAIN", message="No."))
    assert (failed_again.code, failed_again.retries) == ("AGAIN", 2)
    assert letters.resolve_dead_letter("a", resolution="Sent by hand.").resolution == "Sent by hand."
    with pytest.raises(DeadLetterEndedError):
        letters.discard_dead_letter("a")


def test_letters_are_retried_by_themselves_as_often_as_their_source_says(letters, outbox_clock):
    letters.save(payload="fail", source="patient")
    letters.save("by hand", payload="fail")
    due = letters.get().next_retry_at
    assert outbox_clock.now_ms() <= due <= outbox_clock.now_ms() + 60_000
    for retries in (1, 2):
        outbox_clock.jump(letters.get().next_retry_at - outbox_clock.now_ms())
        assert [each.id for each in letters.list_retryable("patient")] == ["a"]
        assert retry_due_letters(letters.store) == 1
        assert letters.get().retries == retries
    assert letters.get().next_retry_at is None
    outbox_clock.jump(DAY_MS)
    assert retry_due_letters(letters.store) == 0
    assert letters.calls == ["a", "a"]


def test_the_next_retry_is_no_sooner_than_the_error_asks_for(letters, outbox_clock):
    letters.save(payload="fail", source="patient")
    letters.retry()
    assert letters.get().next_retry_at >= outbox_clock.now_ms() + 5_000


def test_a_letter_that_waits_for_an_earlier_one_keeps_no_other_from_its_turn(letters, outbox_clock):
    letters.save("first", payload="start", source="patient", key="k")
    letters.save("second", source="patient", key="k")
    letters.save("other", source="patient")
    letters.retry("first")
    outbox_clock.jump(60_000)
    assert retry_due_letters(letters.store) == 2
    assert letters.get("other").status == "RESOLVED"
    assert letters.get("second").next_retry_at > outbox_clock.now_ms()


def test_ended_letters_go_after_a_day_and_pending_ones_never(letters, outbox_clock):
    letters.save("open")
    letters.save("resolved")
    letters.save("later")
    letters.resolve_dead_letter("resolved")
    outbox_clock.jump(60_000)
    letters.discard_dead_letter("later")
    for _ in range(6):
        # The clock is believed as long as it does not jump by a day.
        outbox_clock.jump(DAY_MS // 6)
        letters.store.write(run_retention_batch, "dead_letters.ended")
    left = letters.query_dead_letters(Criteria(), first=10)
    assert {edge.node.id for edge in left.edges} == {"open", "later"}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("source", {"source": ""}),
        ("key", {"key": "x" * 201}),
        ("entityId", {"entity_type": "message"}),
        ("attempts", {"attempts": 0}),
        ("firstFailedAt", {"first_failed_at": 2, "last_failed_at": 1}),
        ("payload", {"payload": float("nan")}),
        ("payload", {"payload": "x" * 300_000}),
        ("error.code", {"error": ReportedError(code="not a code", message="No.")}),
        ("error.message", {"error": ReportedError(code="REFUSED", message="")}),
        ("group", {"group": " "}),
    ],
)
def test_what_no_letter_can_hold_is_refused_by_its_name(letters, field, wrong):
    with pytest.raises(BadUserInputError) as refused:
        letters.save(**wrong)
    assert refused.value.details["field"] == field


def test_a_failure_that_no_letter_can_hold_leaves_a_reduced_one_or_none_and_never_raises(letters):
    whole = NewDeadLetter(
        source="outbox",
        error=ReportedError(code="REFUSED", message="No."),
        payload=2**60,
        entity_id="m",
        entity_type="x",
    )
    assert letters.save_whole_or_reduced(whole, replace(whole, payload={"id": "m"})).payload == '{"id":"m"}'
    assert letters.save_whole_or_reduced(replace(whole, entity_id="n"), replace(whole, source="\0")) is None


def test_letters_of_a_key_are_found_by_an_index(letters):
    plan = letters.store.read(
        lambda snapshot: snapshot.rows(
            "EXPLAIN QUERY PLAN SELECT id FROM dead_letters WHERE key = 'k' ORDER BY seq DESC LIMIT 5"
        )
    )
    assert ["dead_letters_by_key " in step[3] for step in plan] == [True]
