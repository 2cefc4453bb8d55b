"""Rejected lines are dead letters by reference, and a retry reads the line in its file once more."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
from tests.plugins.dead_letters.letters_kit import letters_of, only_letter, retry, retry_with
from tests.plugins.ingest.kit import file_at, ingest, rejects_of, texts_of
from tests.plugins.ingest.samples import append, write

from synthetic import BadUserInputError, Store, from_json
from synthetic.testing import open_test_store
from synthetic_dead_letters.store import discard_dead_letter
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

SOURCE = "ingest_reject"

IMPORTERS = """
from synthetic_ingest.store import Importer, LineRejectedError, Parsed
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage

SPEAKERS = {"me": MessageRole.USER}
WORDS = {"hello"}


def message(source_id, role, text):
    return NewMessage(source_id=source_id, role=role, kind=MessageKind.TEXT, text=text)


def parse_line(line, offset, number):
    speaker, _, text = line.decode(errors="replace").partition(": ")
    if speaker not in SPEAKERS:
        raise LineRejectedError(f"Nobody is called {speaker!r}.")
    return Parsed((message(str(offset), SPEAKERS[speaker], text),))


def parse_document(value):
    if not set(value["talk"]) <= WORDS:
        raise LineRejectedError("It has unknown words.")
    return Parsed(tuple(message(str(place), MessageRole.USER, word) for place, word in enumerate(value["talk"])))


@hookimpl
def register_importers():
    return (
        Importer(
            name="scripts",
            summary="Lines of the form `speaker: text`.",
            recognise=lambda head: 90 if b": " in head.content and not head.content.startswith(b"{") else 0,
            parse_line=parse_line,
            keeps_ids=True,
        ),
        Importer(
            name="talks",
            summary="Documents of words.",
            recognise=lambda head: 90 if head.content.startswith(b'{"talk"') else 0,
            parse_document=parse_document,
        ),
    )
"""


@pytest.fixture
def store(data_dir, tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    site.install("scripts", introduced_with(requires=("ingest", "transcripts")) + IMPORTERS, introduced=False)
    write_plugins_toml(data_dir, {"scripts": ""}, shipped=True)
    with open_test_store(data_dir) as opened:
        yield opened
    site.forget()


def mend(speaker: str) -> None:
    """Do what the importer's next release does: know one speaker more."""
    importer = sys.modules["sample_scripts.plugin"]
    importer.SPEAKERS[speaker] = next(iter(importer.SPEAKERS.values()))


@pytest.fixture
def script(store: Store, tmp_path: Path) -> Path:
    """A file that was read but for its second line."""
    path = write(tmp_path / "talk.txt", b"me: Hello\nbot: Good day\nme: Bye\n")
    ingest(store, path)
    return path


def test_a_rejected_line_is_a_letter_that_refers_to_it(store, script):
    letter = only_letter(store, SOURCE)
    (reject,) = rejects_of(store, script)
    reference = from_json(letter.payload)
    assert (reference["path"], reference["lineNumber"], reference["offsetBytes"]) == (str(script), *reject[:2])
    assert reference["rejectId"] == letter.entity_id
    assert "Good day" not in letter.payload, "the line stays in its file"
    assert (letter.status, letter.code, letter.key) == ("PENDING", "LINE_REJECTED", file_at(store, script).id)
    answer = store.graphql("query ($id: ID!) { node(id: $id) { ... on IngestReject { excerpt } } }", {
        "id": letter.entity_id,
    })  # fmt: skip
    assert answer["data"]["node"] == {"excerpt": "bot: Good day"}


def test_reading_on_makes_no_second_letter(store, script):
    append(script, b"me: Still here\nbot: Indeed\n")
    ingest(store, script)
    ingest(store, script)
    assert [from_json(letter.payload)["lineNumber"] for letter in letters_of(store, SOURCE)] == [2, 5]


def test_a_line_that_its_importer_takes_by_now_is_appended_and_rejected_no_more(store, script):
    mend("bot")
    resolved = retry(store, only_letter(store, SOURCE))
    assert (resolved.status, resolved.retry_entity_type) == ("RESOLVED", "transcript")
    assert resolved.retry_entity_id == file_at(store, script).transcript_id
    assert texts_of(store, script) == ["Hello", "Bye", "Good day"]
    file = file_at(store, script)
    assert (rejects_of(store, script), file.reject_count, file.message_count) == ([], 0, 3)
    append(script, b"me: More\n")
    ingest(store, script)
    assert texts_of(store, script)[-1] == "More"


def test_a_line_that_is_rejected_again_leaves_the_letter_pending(store, script):
    again = retry(store, only_letter(store, SOURCE))
    assert (again.status, again.attempts, again.code) == ("PENDING", 2, "LINE_REJECTED")
    assert len(rejects_of(store, script)) == 1


def test_a_retry_may_bring_the_line_as_it_should_have_been(store, script):
    letter = only_letter(store, SOURCE)
    reference = from_json(letter.payload)
    for payload in ({"line": "me: Good day"}, {**reference, "offsetBytes": 0}, {**reference, "line": "a\nb"}, "x"):
        with pytest.raises(BadUserInputError):
            retry_with(store, letter, payload)
    assert retry_with(store, letter, {**reference, "line": "me: Good day"}).status == "RESOLVED"
    assert texts_of(store, script) == ["Hello", "Bye", "Good day"]


@pytest.mark.parametrize("content", [None, b"me: Hello\nbot: Good-day\nme: Bye\n", b"me: Hello\n"])
def test_another_line_in_its_place_is_not_taken_for_it(store, script, content):
    mend("bot")
    script.unlink()
    if content is not None:
        write(script, content)
    again = retry(store, only_letter(store, SOURCE))
    assert (again.status, again.code) == ("PENDING", "LINE_CHANGED")
    assert texts_of(store, script) == ["Hello", "Bye"]


def test_a_line_of_a_packed_file_is_found_where_it_stands(store, tmp_path):
    path = write(tmp_path / "talk.gz", gzip.compress(b"me: Hello\nbot: Good day\nme: Bye\n"))
    ingest(store, path)
    mend("bot")
    assert retry(store, only_letter(store, SOURCE)).status == "RESOLVED"
    assert texts_of(store, path) == ["Hello", "Bye", "Good day"]


def test_a_file_of_which_nothing_could_be_read_gets_its_transcript_by_the_retry(store, tmp_path):
    path = write(tmp_path / "talk.txt", b"bot: Good day\n")
    ingest(store, path)
    assert file_at(store, path).transcript_id is None
    mend("bot")
    assert retry(store, only_letter(store, SOURCE)).status == "RESOLVED"
    assert texts_of(store, path) == ["Good day"]


def test_a_file_that_is_read_anew_resolves_its_letters_and_what_is_still_wrong_comes_again(store, script):
    write(script, b"me: Hello\nbot: Good day\n", modified_at=1_770_000_900)
    ingest(store, script)
    old, new = letters_of(store, SOURCE)
    assert (old.status, old.resolution) == ("RESOLVED", "The file was read again from its beginning.")
    assert (new.status, from_json(new.payload)["lineNumber"]) == ("PENDING", 2)


def test_the_letter_of_a_reject_that_is_no_more_is_resolved_by_a_retry(store, script):
    letter = only_letter(store, SOURCE)
    store.write(lambda tx: tx.execute("DELETE FROM ingest_rejects"))
    assert retry(store, letter).status == "RESOLVED"


def test_a_document_is_read_whole_once_its_importer_takes_it(store, tmp_path):
    path = write(tmp_path / "talk.json", json.dumps({"talk": ["hello", "world"]}).encode())
    ingest(store, path)
    assert retry(store, only_letter(store, SOURCE)).status == "PENDING"
    sys.modules["sample_scripts.plugin"].WORDS.add("world")
    assert retry(store, only_letter(store, SOURCE)).status == "RESOLVED"
    assert texts_of(store, path) == ["hello", "world"]
    assert (file_at(store, path).state, rejects_of(store, path)) == ("READ", [])


def test_lines_of_a_file_are_retried_in_their_order(store, tmp_path):
    path = write(tmp_path / "talk.txt", b"me: Hello\nbot: One\nbot: Two\n")
    ingest(store, path)
    mend("bot")
    first, second = letters_of(store, SOURCE)
    with pytest.raises(Exception, match="comes before"):
        retry(store, second)
    store.write(discard_dead_letter, first.id)
    assert retry(store, second).status == "RESOLVED"


def test_a_line_with_odd_bytes_is_a_letter_and_holds_nothing_up(store, tmp_path):
    path = write(tmp_path / "talk.txt", b"me: Hello\n\x00b\xffot: Good day\nme: Bye\n")
    ingest(store, path)
    assert only_letter(store, SOURCE).status == "PENDING"
    assert texts_of(store, path) == ["Hello", "Bye"]
