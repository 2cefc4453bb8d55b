"""Each check of transcripts finds a fault that was made by hand, and nothing in what the plugin has written."""

from __future__ import annotations

import pytest

from kernel.checks.kit import found_by, outcome_of, spoil
from plugins.transcripts.making import append, begin, plain, plain_messages, seal
from synthetic_transcripts.checks import CHECKS
from synthetic_transcripts.store import Usage


@pytest.fixture
def told(store):
    """A transcript "t" with two full stretches and a tail, another that is sealed, and one without messages."""
    begin(store, "t")
    append(store, plain_messages(5))
    append(store, plain_messages(14, start=6))
    append(store, [plain(20, text="x" * 5_000), plain(21, usage=Usage(1, 2, 3, 4), usage_id="r1", model="m")])
    begin(store, "u")
    append(store, plain_messages(3), "u")
    seal(store, "u")
    begin(store, "v")
    return store


def test_what_was_appended_and_sealed_has_no_faults(told):
    for check in CHECKS:
        assert found_by(told, f"transcripts.{check.name}") == []


@pytest.mark.parametrize(
    ("check", "sql"),
    [
        ("stretches", "DELETE FROM transcript_stretches WHERE first_seq = 1 AND last_seq = 8"),
        ("stretches", "UPDATE transcript_stretches SET last_seq = 9 WHERE first_seq = 1 AND last_seq = 8"),
        ("tails", "DELETE FROM transcript_messages WHERE seq = 18"),
        ("tails", "DELETE FROM transcript_messages WHERE seq = 21"),
        ("tails", "UPDATE transcripts SET message_count = 22 WHERE id = 't'"),
        ("tails", "UPDATE transcripts SET tail_count = 4 WHERE id = 't'"),
        ("tails", "UPDATE transcripts SET tail_bytes = 1 WHERE id = 't'"),
        ("tails", "DELETE FROM transcript_stretches WHERE first_seq = 9"),
        ("kinds", "UPDATE transcripts SET kind_text = 20, kind_other = 1 WHERE id = 't'"),
        ("bodies", "DELETE FROM transcript_bodies"),
        ("sources", "DELETE FROM transcript_sources WHERE seq = 7"),
        ("usage", "UPDATE transcript_usage SET output_tokens = 1"),
        ("usage", "DELETE FROM transcript_usage"),
    ],
)
def test_a_fault_is_found_with_its_transcript(told, check, sql):
    spoil(told, sql)
    ((entity, message),) = found_by(told, f"transcripts.{check}")
    assert entity == "t"
    assert "the transcript t" in message.lower()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE transcript_stretches SET frame = substr(frame, 1, length(frame) / 2) WHERE first_seq = 9",
        "UPDATE transcript_stretches SET frame = zeroblob(100) WHERE first_seq = 9",
        "UPDATE transcript_stretches SET kind_text = 7, kind_other = 1 WHERE first_seq = 9",
    ],
)
def test_a_stretch_that_cannot_be_read_is_found_by_the_deep_check(told, sql):
    spoil(told, sql)
    (finding,) = outcome_of(told, "transcripts.contents").findings
    assert (finding.entity_id, finding.error_class.code) == ("t", "TRANSCRIPT_DAMAGED")
    assert (finding.details["first"], finding.details["last"]) == (9, 16)
