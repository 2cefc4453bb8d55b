from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synthetic_ingest.fingerprints import DIGEST_BYTES, HEAD_BYTES, HeadPrint, tail_print
from tests.plugins.ingest.kit import patient

contents = st.binary(max_size=400)


@patient
@given(contents, contents)
def test_a_head_matches_itself_however_it_grew(content, more):
    assert HeadPrint.of(content).matches(content + more)


@patient
@given(contents, st.integers(min_value=0, max_value=400))
def test_a_head_matches_what_is_left_of_it(content, kept):
    assert HeadPrint.of(content).matches(content[:kept])


@patient
@given(st.binary(min_size=32, max_size=400), st.data())
def test_a_head_does_not_match_another_of_the_same_length(content, data):
    place = data.draw(st.integers(0, len(content) - 1))
    other = bytearray(content)
    other[place] ^= 1
    assert not HeadPrint.of(content).matches(bytes(other))


@patient
@given(st.binary(min_size=64, max_size=400))
def test_what_is_left_must_be_the_same_in_its_larger_half(content):
    other = bytes([content[0] ^ 1]) + content[1:-1]
    assert not HeadPrint.of(content).matches(other)


def test_a_head_covers_so_much_and_no_more():
    content = bytes(HEAD_BYTES)
    assert HeadPrint.of(content + b"a") == HeadPrint.of(content + b"b")
    assert len(HeadPrint.of(content).digests) == 13 * DIGEST_BYTES


def test_a_tail_is_told_by_its_end():
    assert tail_print(b"a" * 10_000) == tail_print(b"b" + b"a" * 5_000)
    assert tail_print(b"a" * 10_000) != tail_print(b"a" * 10_000 + b"b")
