from __future__ import annotations

import pytest

from synthetic_ingest.importer import LineRejectedError
from synthetic_ingest.json_lines import check_writable, decode, decode_object, is_object, source_id_of


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a":1}', {"a": 1}),
        (b'{"a":1}\r', {"a": 1}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":"\\u0000"}', {"a": "\0"}),
        (b'{"a":"\\ud83c\\udf37"}', {"a": "\N{TULIP}"}),
        (b'{"a":"cut \\ud83c"}', {"a": "cut \N{REPLACEMENT CHARACTER}"}),
        (b'{"\\udf37":1}', {"\N{REPLACEMENT CHARACTER}": 1}),
    ],
)
def test_what_agents_write_is_read(content, value):
    assert decode_object(content) == value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"a":NaN}', "not valid JSON"),
        (b'{"a":1e999}', "not valid JSON"),
        (b'{"a":1}{"b":2}', "not valid JSON"),
        (b'{"a":"\xff"}', "not valid UTF-8 (byte 6)"),
        (b"[1]", "a JSON list"),
        (b'"text"', "a JSON text"),
        (b"17", "a JSON number"),
        (b"1.5", "a JSON number"),
        (b"true", "a JSON boolean"),
        (b"null", "a JSON null"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
        (b'{"a":' + b"1" * 10_000 + b"}", "not valid JSON"),
    ],
)
def test_the_reason_says_what_is_wrong(content, reason):
    with pytest.raises(LineRejectedError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        decode_object(content)
    assert not is_object(content)


@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}")])
def test_what_is_nested_too_deep_to_be_written_is_refused(brackets):
    opening, closing = brackets
    deepest = decode(opening * 253 + b"[1]" + closing * 253)
    check_writable(deepest)
    with pytest.raises(LineRejectedError, match="too deep"):
        check_writable([deepest])


def test_a_source_id_depends_on_place_and_content_alone():
    ids = {source_id_of(b"a", 0), source_id_of(b"a", 1), source_id_of(b"b", 0)}
    assert len(ids) == 3
    assert source_id_of(b"a", 0) in ids
