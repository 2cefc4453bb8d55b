"""The hook of ingest works as its documentation says, for plugins of third parties."""

from __future__ import annotations

import inspect
import textwrap

import pytest

from synthetic.errors import PluginClashError
from synthetic.testing import ManualClock, open_test_store
from synthetic_ingest import hookspecs
from synthetic_ingest.importer import Head, Importer, Parsed
from synthetic_ingest.ingest import importers_of
from synthetic_ingest.model import FileState
from tests.plugins.ingest.kit import file_at, ingest, outcomes, rejects_of, texts_of
from tests.plugins.ingest.samples import LONG_AGO, append, jsonl, write
from tests.plugins.ingest.samples_of_runs import CHAT_LINES
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

NAMES = """
from synthetic_ingest.store import Importer, LineRejectedError, Parsed
from synthetic_transcripts.store import MessageKind, MessageRole, NewMessage
"""
INTRODUCTION = introduced_with(requires=("ingest", "transcripts"))


def example() -> str:
    documentation = inspect.getdoc(hookspecs.register_importers) or ""
    return textwrap.dedent(documentation.partition("Example::")[2])


@pytest.fixture
def site(tmp_path, monkeypatch):
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()


@pytest.fixture
def install(site, data_dir):
    """Installs a plugin for the store; the store's directory."""

    def install_plugin(code):
        site.install("plain_chats", NAMES + INTRODUCTION + textwrap.dedent(code), introduced=False)
        write_plugins_toml(data_dir, {"plain_chats": ""}, shipped=True)
        return data_dir

    return install_plugin


def test_the_example_reads_its_format(install, tmp_path):
    path = write(tmp_path / "talk.txt", b"me: Hello\nbot: Good day\nno speaker\n\xff: odd\n")
    with open_test_store(install(example())) as store:
        assert outcomes(ingest(store, path)) == {"new": 1}
        assert file_at(store, path).format == "plain-chat"
        assert texts_of(store, path) == ["Hello", "Good day", "odd"]
        assert [reason for *_, reason in rejects_of(store, path)] == ["It has no speaker."]


def test_a_last_line_that_is_no_json_waits_for_its_end(install, tmp_path):
    path = write(tmp_path / "talk.txt", b"me: Hello\nbot: Good")
    with open_test_store(install(example()), clock=ManualClock(LONG_AGO * 1_000 + 60_000)) as store:
        assert ingest(store, path).partial == 1
        assert texts_of(store, path) == ["Hello"]
        assert ingest(store, path).partial == 1
        assert ingest(store, write(path, b"me: Hello\nbot: Good day\n")).partial == 0
        assert texts_of(store, path) == ["Hello", "Good day"]


def test_a_last_line_that_is_no_json_is_taken_when_its_file_rests(install, tmp_path):
    path = write(tmp_path / "talk.txt", b"me: Hello\nbot: Good day")
    clock = ManualClock(LONG_AGO * 1_000 + 60_000)
    with open_test_store(install(example()), clock=clock) as store:
        ingest(store, path)
        assert file_at(store, path).state == FileState.PARTIAL
        clock.advance(1_800_000)
        assert ingest(store, path).messages == 1
        assert texts_of(store, path) == ["Hello", "Good day"]
        assert (file_at(store, path).state, file_at(store, path).line_count) == (FileState.READ, 2)
        assert outcomes(ingest(store, path)) == {"unchanged": 1}
        append(path, b"\nme: Bye\n")
        ingest(store, path)
        assert texts_of(store, path) == ["Hello", "Good day", "Bye"]
        assert file_at(store, path).line_count == 3


def test_an_importer_can_say_that_a_last_line_is_complete(install, tmp_path):
    code = example().replace(
        "parse_line=parse_line", "parse_line=parse_line, is_complete=lambda line: line[-1:] == b'.'"
    )
    path = write(tmp_path / "talk.txt", b"me: Hello\nbot: Good day.")
    with open_test_store(install(code), clock=ManualClock(LONG_AGO * 1_000 + 60_000)) as store:
        assert ingest(store, path).partial == 0
        assert texts_of(store, path) == ["Hello", "Good day."]


def test_a_fault_of_an_importer_in_the_last_line_leaves_it(install, tmp_path):
    path = write(tmp_path / "talk.txt", b"me: Hello\nme: stumble")
    with open_test_store(install(example().replace("role = ", "1 / (text != 'stumble'); role = "))) as store:
        assert ingest(store, path).partial == 1
        assert texts_of(store, path) == ["Hello"]
        assert rejects_of(store, path) == []


def test_a_fault_of_an_importer_costs_its_line_and_not_the_file(install, tmp_path):
    faulty = example().replace("role = ", "1 / (text != 'stumble'); role = ")
    path = write(tmp_path / "talk.txt", b"me: Hello\nme: stumble\nme: Bye\n")
    with open_test_store(install(faulty)) as store:
        assert outcomes(ingest(store, path)) == {"new": 1}
        assert texts_of(store, path) == ["Hello", "Bye"]
        [(number, _, reason)] = rejects_of(store, path)
        assert (number, reason) == (2, "The importer plain-chat failed: ZeroDivisionError: division by zero")


def test_a_fault_of_an_importer_of_documents_is_a_reject(install, tmp_path):
    code = """
    @hookimpl
    def register_importers():
        return (Importer(
            name="faulty", summary="Fails.", recognise=lambda head: 100, parse_document=lambda document: document["no"]
        ),)
    """
    path = write(tmp_path / "talk.json", b"{}")
    with open_test_store(install(code)) as store:
        assert outcomes(ingest(store, path)) == {"failed": 1}
        assert rejects_of(store, path) == [(1, 0, "The importer faulty failed: KeyError: 'no'")]


def test_what_no_transcript_can_keep_costs_its_line(install, tmp_path):
    long_ids = example().replace("str(offset)", "text")
    path = write(tmp_path / "talk.txt", b"me: a\nme: " + b"x" * 600 + b"\nme: b\n")
    with open_test_store(install(long_ids)) as store:
        ingest(store, path)
        assert texts_of(store, path) == ["a", "b"]
        assert [number for number, *_ in rejects_of(store, path)] == [2]


def test_a_session_that_cannot_be_stored_fails_its_file_only(install, tmp_path):
    code = example().replace("parse_line=parse_line", "parse_line=parse_line, find_session=find").replace(
        "@hookimpl",
        "from synthetic_ingest.store import FileSession\n"
        "def find(head):\n    return FileSession(session_id=chr(7))\n\n@hookimpl",
        1,
    )  # fmt: skip
    write(tmp_path / "data" / "a.txt", b"me: Hello\n")
    write(tmp_path / "data" / "b.jsonl", jsonl(*CHAT_LINES))
    with open_test_store(install(code)) as store:
        report = ingest(store, tmp_path / "data")
        assert outcomes(report) == {"new": 1, "failed": 1}
        assert "U+0007" in report.failures[0]["reason"]


def test_a_file_of_an_importer_that_is_gone_is_left_alone(install, tmp_path):
    path = write(tmp_path / "talk.txt", b"me: Hello\n")
    data_dir = install(example())
    with open_test_store(data_dir) as store:
        ingest(store, path)
    (data_dir / "plugins.toml").unlink()
    write(path, b"me: Hello\nme: Bye\n")
    with open_test_store(data_dir) as store:
        report = ingest(store, path)
        assert report.failures[0]["reason"] == (
            "It was read with the importer plain-chat, which no loaded plugin brings."
        )


def test_two_importers_of_one_name_are_a_clash(install):
    directory = install(example().replace("plain-chat", "chat"))
    clash = pytest.raises(PluginClashError, match="ingest and plain_chats both contribute the importer `chat`")
    with clash, open_test_store(directory):
        pass


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"name": "Chat"}, "lower-case"),
        ({"name": ""}, "lower-case"),
        ({"summary": " "}, "must say in words"),
        ({"parse_line": None}, "either"),
        ({"parse_document": lambda document: Parsed(())}, "either"),
    ],
)
def test_an_importer_checks_itself(wrong, problem):
    fields = {"name": "a-b", "summary": "Reads.", "recognise": lambda head: 0, "parse_line": lambda *_: Parsed(())}
    importer = Importer(**fields)
    assert importer.find_session(Head(None, b"", ())).session_id is None
    with pytest.raises(ValueError, match=problem):
        Importer(**{**fields, **wrong})


def test_a_shipped_plugin_uses_the_hook(store):
    assert list(importers_of(store)) == ["coding-agent", "swe-agent", "chat"]
