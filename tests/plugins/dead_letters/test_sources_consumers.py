"""Events that a consumer cannot take in are dead letters, in the commit of the refusal, and end with it."""

from __future__ import annotations

import pytest
from tests.kernel.log.consumers.kit import (
    ask,
    count,
    install,
    rebuild,
    record_of,
    rows_of,
    running,
    until_failed,
    until_following,
    write_source,
)
from tests.plugins.dead_letters.letters_kit import letters_of, only_letter, retry

from synthetic import from_json
from synthetic.log.consumers.store import find_consumer
from synthetic.testing import CONTRACT_KEYS, wait_until
from thirdparty.distributions import Site

SOURCE = "consumer"


@pytest.fixture
def tally_dir(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    install(site, tmp_path / "tally")
    yield tmp_path / "tally"
    site.forget()


def until_status(store, status, number=0):
    """Wait until a letter has a status; the letter."""
    return wait_until(
        lambda: letter if (letter := letters_of(store, SOURCE)[number]).status == status else None,
        f"a letter that is {status}",
    )


def test_the_event_at_which_a_consumer_stops_is_a_letter_and_its_retry_has_the_consumer_go_on(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        last = count(store, "a1", "b1", "c1")
        failed = until_failed(store)
        letter = only_letter(store, SOURCE)
        reference = from_json(letter.payload)
        assert (reference["consumer"], reference["position"]) == ("tally.totals", failed.failed_position)
        assert (reference["entityType"], reference["entityId"], reference["isSetAside"]) == ("tally", "b1", False)
        assert set(from_json(letter.error)) == CONTRACT_KEYS
        assert "secret" not in letter.error
        again = retry(store, letter)
        assert (again.status, again.retry_entity_id) == ("RETRYING", "tally.totals")
        assert until_status(store, "PENDING").attempts == 2, "it has failed once more"
        monkeypatch.setenv("TALLY_BUG", "")
        retry(store, only_letter(store, SOURCE))
        until_following(store, last)
        assert only_letter(store, SOURCE).status == "RESOLVED"
        assert len(rows_of(store)) == 3


def test_a_consumer_that_is_mended_past_its_letter_resolves_it(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        last = count(store, "b1", "c1")
        until_failed(store)
        monkeypatch.setenv("TALLY_BUG", "")
        ask(store, "RETRY")
        until_following(store, last)
        letter = only_letter(store, SOURCE)
        assert (letter.status, letter.resolution) == ("RESOLVED", "The consumer has taken it in.")


def test_an_event_that_a_fold_goes_on_without_is_taken_in_by_a_rebuild(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1,b3")
    monkeypatch.setenv("TALLY_ON_ERROR", "skip")
    with running(tally_dir) as store:
        until_following(store, count(store, "b1", "b2", "b3"))
        first, second = letters_of(store, SOURCE)
        assert [from_json(each.payload)["entityId"] for each in (first, second)] == ["b1", "b3"]
        monkeypatch.setenv("TALLY_BUG", "b3")
        assert retry(store, first).status == "RETRYING"
        until_status(store, "RESOLVED", 0)
        assert until_status(store, "PENDING", 1).attempts == 2, "the rebuild has met it again"
        monkeypatch.setenv("TALLY_BUG", "")
        retry(store, second)
        until_status(store, "RESOLVED", 1)
        assert [row[:3] for row in rows_of(store)] == [("b", 1, 3)]
        assert record_of(store).set_aside == 0


def test_an_entity_that_a_mirror_goes_on_without_is_read_again_at_once(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "s1")
    monkeypatch.setenv("TALLY_ON_ERROR", "skip")
    with running(tally_dir) as store:
        write_source(store, "s1", "one")
        until_following(store, write_source(store, "s2", "two"), "tally.copies")
        letter = only_letter(store, SOURCE)
        assert from_json(letter.payload)["isSetAside"] is True
        again = retry(store, letter)
        assert (again.status, again.attempts) == ("PENDING", 2)
        assert "secret" not in again.error, "what a consumer's code says is for the log"
        monkeypatch.setenv("TALLY_BUG", "")
        assert retry(store, again).status == "RESOLVED"
        assert [row[:2] for row in rows_of(store, "tally.copies")] == [("s1", "one"), ("s2", "two")]
        assert record_of(store, "tally.copies").set_aside == 0


def test_a_stop_that_becomes_a_gap_is_one_letter_and_a_rebuild_ends_it(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        last = count(store, "a1", "b1", "c1")
        until_failed(store)
        ask(store, "RESUME")
        until_following(store, last)
        letter = only_letter(store, SOURCE)
        assert (letter.status, letter.attempts) == ("PENDING", 2)
        monkeypatch.setenv("TALLY_BUG", "")
        rebuild(store, "tally.totals")
        assert only_letter(store, SOURCE).status == "RESOLVED"


def test_an_entity_at_which_a_scan_stops_is_a_letter(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "s1")
    with running(tally_dir) as store:
        until_following(store, count(store, "a1"), "tally.copies")
        monkeypatch.setenv("TALLY_BUG", "")
        until_following(store, write_source(store, "s1", "one"), "tally.copies")
        monkeypatch.setenv("TALLY_BUG", "s1")
        ask(store, "REBUILD", "tally.copies")
        until_failed(store, "tally.copies")
        letter = only_letter(store, SOURCE)
        assert from_json(letter.payload)["position"] == 0
        monkeypatch.setenv("TALLY_BUG", "")
        retry(store, letter)
        until_status(store, "RESOLVED")
        wait_until(lambda: store.read(find_consumer, "tally.copies").phase == "FOLLOWING", "the end of the scan")
