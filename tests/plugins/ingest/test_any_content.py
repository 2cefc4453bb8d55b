"""Whatever stands in a file, every line of it is stored or rejected, and no importer falls over it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic import to_json
from synthetic.testing import open_test_store
from synthetic_ingest.importer import LineRejectedError
from synthetic_ingest.importers import chat, coding_agent, swe_agent
from synthetic_ingest.model import FileState
from tests.plugins.ingest.kit import file_at, ingest, patient, rejects_of
from tests.plugins.ingest.samples import write

WORDS = (
    "type", "message", "role", "content", "usage", "id", "model", "tool_calls", "timestamp", "messages", "uuid",
    "parentUuid", "data", "snapshot", "summary", "text", "user", "assistant", "system", "tool_use", "tool_result",
    "cwd", "gitBranch", "version", "history", "trajectory", "info", "action", "observation", "is_demo", "model_stats",
    "input_tokens", "tokens_sent", "prompt_tokens", "replay_config", "function_call", "isMeta", "thought",
)  # fmt: skip
words = st.sampled_from(WORDS)
scalars = st.one_of(
    words,
    st.text(max_size=8),
    st.integers(min_value=-(2**63), max_value=2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=6)),
    max_leaves=20,
)
objects = st.dictionaries(words, values, max_size=8)
marked = st.fixed_dictionaries({}, optional=dict.fromkeys(WORDS[:4], words))
likely = st.builds(lambda first, other: {**other, **first}, marked, objects)
runs = st.fixed_dictionaries(
    {"history": st.lists(likely, max_size=4), "trajectory": st.lists(likely, max_size=3)},
    optional={"info": values, "replay_config": values},
)
lines = st.one_of(
    likely.map(to_json).map(str.encode),
    values.map(to_json).map(str.encode),
    st.binary(max_size=30),
    st.sampled_from(
        [b"", b" ", b"\r", b'{"type":"a\\ud800"}', b"{", b'{"role":"user","content":"' + b"x" * 2_000 + b'"}']
    ),
).filter(lambda line: b"\n" not in line)


@pytest.mark.parametrize("form", ["coding-agent", "chat"])
def test_every_line_is_stored_or_rejected(data_dir, tmp_path, form):
    number = itertools.count()
    limits = {"plugins.ingest.line_bytes_max": "1024", "plugins.ingest.batch_lines": "3"}
    with open_test_store(data_dir, settings=limits) as store:

        @patient
        @given(st.lists(lines, min_size=1, max_size=12))
        def check(drawn):
            content = b"".join(line + b"\n" for line in drawn)
            path = write(tmp_path / f"{next(number)}.jsonl", content)
            report = ingest(store, path, form=form)
            if report.files["skipped"]:
                assert not content
                return
            record = file_at(store, path)
            assert record.state == FileState.READ
            assert (record.line_count, record.offset_bytes) == (len(drawn), len(content))
            offsets = list(itertools.accumulate((len(line) + 1 for line in drawn), initial=0))
            rejected = {offset for _, offset, _ in rejects_of(store, path)}
            assert record.reject_count == len(rejected)
            parse = {"coding-agent": coding_agent, "chat": chat}[form].parse_line
            expected = set()
            for line, offset in zip(drawn, offsets, strict=False):
                if line.strip() and offset not in rejected:
                    expected |= {message.source_id for message in parse(line, offset, 1).messages}
            assert record.message_count == len(expected)

        check()


@patient
@given(values)
def test_an_importer_refuses_what_it_cannot_read_in_one_way_only(value):
    line = to_json(value).encode()
    for parse in (
        lambda: coding_agent.parse_line(line, 0, 1),
        lambda: chat.parse_line(line, 0, 1),
        lambda: swe_agent.parse_document(value),
    ):
        try:
            parsed = parse()
        except LineRejectedError:
            continue
        assert all(message.source_id for message in parsed.messages)


@patient
@given(runs)
def test_a_run_of_any_content_is_read(document):
    if document["history"] or document["trajectory"]:
        parsed = swe_agent.parse_document(document)
        ids = [message.source_id for message in parsed.messages]
        assert len(ids) == len(set(ids))
