"""What headers ask for, by RFC 9110 and RFC 9530, and the name that a browser is told."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import unquote

import pytest

from synthetic import BadUserInputError
from synthetic_artifacts.disposition import attachment
from synthetic_artifacts.ranges import (
    UnsatisfiableRange,
    announced_sha256,
    etag_of,
    find_range,
    names_tag,
    repr_digest_of,
)

SHA = hashlib.sha256(b"content").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 10)),
        ("bytes=90-", (90, 10)),
        ("bytes=90-1000", (90, 10)),
        ("bytes=-1", (99, 1)),
        ("bytes=-1000", (0, 100)),
        ("Bytes = 5 - 6 ", (5, 2)),
        (f"bytes=0-{'9' * 5_000}", (0, 100)),
        (None, None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=0-1x", None),
        ("bytes=\u0661-\u0662", None),
    ],
)
def test_a_range_is_found_or_the_whole_is_sent(header: str | None, expected: tuple[int, int] | None):
    assert find_range(header, None, SHA, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={'9' * 5_000}-"])
def test_a_range_without_a_byte_cannot_be_sent(header: str):
    with pytest.raises(UnsatisfiableRange):
        find_range(header, None, SHA, 100)


def test_of_an_empty_content_there_is_no_range():
    with pytest.raises(UnsatisfiableRange):
        find_range("bytes=0-", None, SHA, 0)


@pytest.mark.parametrize(
    ("if_range", "is_part"),
    [
        (etag_of(SHA), True),
        (etag_of(OTHER), False),
        (f"W/{etag_of(SHA)}", False),
        ("Sat, 21 Nov 2026 13:00:00 GMT", False),
    ],
)
def test_a_part_is_sent_only_of_the_content_that_the_client_has(if_range: str, is_part: bool):
    assert (find_range("bytes=0-9", if_range, SHA, 100) is not None) == is_part


@pytest.mark.parametrize(
    ("condition", "strongly", "weakly"),
    [
        ("*", True, True),
        (etag_of(SHA), True, True),
        (f'"x", {etag_of(SHA)} ,"y"', True, True),
        (f"W/{etag_of(SHA)}", False, True),
        (etag_of(OTHER), False, False),
        (SHA, False, False),
        ("", False, False),
    ],
)
def test_tags_are_compared_as_the_condition_wants(condition: str, strongly: bool, weakly: bool):
    assert names_tag(condition, SHA, strongly=True) == strongly
    assert names_tag(condition, SHA, strongly=False) == weakly


def test_a_hash_may_be_announced_in_three_ways():
    digest = repr_digest_of(SHA)
    assert announced_sha256(SHA.upper(), None, None) == SHA
    assert announced_sha256(None, f"sha-512=:eA==:, {digest}", None) == SHA
    assert announced_sha256(SHA, digest, digest) == SHA
    assert announced_sha256(None, "sha-512=:eA==:", None) is None
    assert base64.b64decode(digest.removeprefix("sha-256=:").removesuffix(":")).hex() == SHA


@pytest.mark.parametrize(
    "announced",
    [
        ("abc", None, None),
        (None, "sha-256=abc", None),
        (None, None, "sha-256=:eA==:"),
        (None, "sha-256=:*:", None),
        (SHA, repr_digest_of(OTHER), None),
    ],
)
def test_what_is_no_hash_is_refused(announced: tuple[str | None, str | None, str | None]):
    with pytest.raises(BadUserInputError):
        announced_sha256(*announced)


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("build.log", "build.log"),
        ("with space.txt", "with space.txt"),
        ('say "hi".txt', 'say "hi".txt'),
        ("caf\u00e9 \u65e5\u672c.txt", "caf\u00e9 \u65e5\u672c.txt"),
        ("100%25.txt", "100%25.txt"),
        ("..\\..\\evil.exe", "_.._evil.exe"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".bashrc", "bashrc"),
        ("a\r\nset-cookie: x", "a__set-cookie: x"),
        ("txt.\u202eexe", "txt._exe"),
        ("...", "artifact"),
        ("x" * 300 + ".txt", "x" * 196 + ".txt"),
    ],
)
def test_the_name_under_which_it_is_saved_leads_nowhere(name: str, saved: str):
    header = attachment(name)
    header.encode("ascii")
    assert header.startswith("attachment; filename=")
    assert not set("\r\n\\/") & set(header)
    _, extended, value = header.partition("; filename*=UTF-8''")
    found = unquote(value) if extended else header.removeprefix('attachment; filename="').removesuffix('"')
    assert found == saved
