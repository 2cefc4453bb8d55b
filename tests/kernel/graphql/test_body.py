from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic.errors import BadRequestError, PayloadTooLargeError, RequestTimeoutError
from synthetic.graphql import body as body_module
from synthetic.graphql.body import ClientGone, check_size, discard_body, parse_json, read_body

Receive = Callable[[], Awaitable[dict[str, Any]]]


def channel(*parts: bytes, ends: bool = True, leaves: bool = False) -> Receive:
    """An ASGI channel over a body in parts, which at its end is complete, or broken off, or silent."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if leaves:
        messages.append({"type": "http.disconnect"})
    elif ends:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    return receive


def read(receive: Receive, *, limit_bytes: int = 100, timeout_ms: int = 30_000, announced: str | None = None) -> bytes:
    return asyncio.run(read_body(receive, limit_bytes=limit_bytes, timeout_ms=timeout_ms, announced=announced))


def test_a_body_that_is_here_as_a_whole_has_the_same_limit():
    assert check_size(b"x" * 100, 100) == b"x" * 100
    with pytest.raises(PayloadTooLargeError):
        check_size(b"x" * 101, 100)


def test_a_body_is_put_together_from_its_parts():
    assert read(channel(b"ab", b"", b"cd")) == b"abcd"
    assert read(channel(b"whole")) == b"whole"
    assert read(channel()) == b""


def test_a_body_may_be_as_large_as_the_limit_and_no_larger():
    assert read(channel(b"x" * 60, b"x" * 40)) == b"x" * 100
    with pytest.raises(PayloadTooLargeError, match="100 bytes"):
        read(channel(b"x" * 60, b"x" * 41, ends=False))


@pytest.mark.parametrize("announced", ["101", "9" * 400])
def test_a_body_that_is_announced_as_too_large_is_refused_before_it_comes(announced: str):
    with pytest.raises(PayloadTooLargeError):
        read(channel(ends=False), announced=announced)


@pytest.mark.parametrize("announced", ["100", "-1", "x", "", "²"])
def test_an_announcement_that_says_nothing_is_passed_over(announced: str):
    assert read(channel(b"x"), announced=announced) == b"x"


def test_a_part_that_does_not_come_ends_the_wait():
    with pytest.raises(RequestTimeoutError):
        read(channel(b"{", ends=False), timeout_ms=20)


def test_a_body_that_drips_is_given_up_though_each_part_is_in_time(monkeypatch: pytest.MonkeyPatch):
    """One byte each time the loop turns: every part is early, and the whole takes for ever."""
    monkeypatch.setattr(body_module, "SLOWEST_BYTES_PER_S", 1e12)

    async def drip() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(RequestTimeoutError):
        read(drip, limit_bytes=10**12, timeout_ms=50)


def test_a_client_that_leaves_ends_the_reading():
    with pytest.raises(ClientGone):
        read(channel(b"{", leaves=True))


def test_what_a_refused_client_still_sends_is_read_for_a_while(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(body_module, "DISCARD_MS", 20)
    monkeypatch.setattr(body_module, "DISCARDED_BYTES_MAX", 10)
    for receive in (channel(b"x", b"y"), channel(b"x", leaves=True), channel(b"x", ends=False)):
        asyncio.run(discard_body(receive))
    endless = channel(*[b"x" * 6] * 4)
    asyncio.run(discard_body(endless))
    assert asyncio.run(endless())["body"] == b"x" * 6, "what is beyond the bound stays unread"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('ab"\\[]{}\n'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('k"\\[]{}'), inner, max_size=4),
    max_leaves=20,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(json_values)
def test_json_is_allowed_up_to_its_depth_and_refused_one_level_below(value: Any):
    text = orjson.dumps(value)
    depth = depth_of(value)
    assert parse_json(text, depth) == value
    if depth:
        with pytest.raises(BadRequestError, match=f"more than {depth - 1} levels"):
            parse_json(text, depth - 1)


@given(st.binary())
def test_any_bytes_are_parsed_or_refused(text: bytes):
    with contextlib.suppress(BadRequestError):
        parse_json(text, 3)


@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"{", b"nul", b"NaN", b"Infinity", b"-Infinity", b'{"a": NaN}', b"\xff", b'"\xc3"', b'"\\ud800"',
        b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"5" * 5_000, b"1e400", b"{} {}", b"{}\x00",
        b"'a'", b"{a: 1}", b"[1,]", b'"\n"', b"[" * 100_000, b"]" * 100_000, b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_what_json_does_not_have_is_refused(text: bytes):
    with pytest.raises(BadRequestError):
        parse_json(text, 64)


def test_brackets_in_strings_do_not_nest():
    text = orjson.dumps({"code": "[" * 1_000 + '"{' * 1_000 + "\\" * 7 + "[{" * 1_000})
    assert parse_json(text, 1)["code"].startswith("[[")


def test_json_of_a_great_many_small_parts_is_refused():
    with pytest.raises(BadRequestError, match="arrays and objects"):
        parse_json(b"[" + b"[]," * 600_000 + b"0]", 64)
    assert len(parse_json(b"[" + b"[]," * 400_000 + b"0]", 64)) == 400_001
