"""Lines are found again wherever blocks and limits fall."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from synthetic_ingest import lines as lines_module
from synthetic_ingest.fingerprints import TAIL_BYTES
from synthetic_ingest.lines import Lines, LongLine, Rest, read_lines
from synthetic_ingest.sources import open_source
from tests.plugins.ingest.kit import patient
from tests.plugins.ingest.samples import write

PACKED = (b"\x1f\x8b", b"(\xb5/\xfd", *(bytes([number]) + b"*M\x18" for number in range(0x50, 0x60)))
"""What begins so is unpacked before its lines are read."""


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads a content in blocks of a size; the parts."""

    def read_parts(content: bytes, block_bytes: int, line_bytes_max: int) -> list[Lines | LongLine | Rest]:
        monkeypatch.setattr(lines_module, "BLOCK_BYTES", block_bytes)
        with open_source(write(tmp_path / "lines", content)) as source:
            return list(read_lines(source, line_bytes_max))

    return read_parts


def test_every_byte_is_accounted_for_whatever_the_blocks(read):
    @patient
    @given(
        st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=20),
        st.integers(min_value=1, max_value=64),
        st.integers(min_value=1, max_value=30),
        st.sampled_from([b"\n", b""]),
    )
    @example([b"", b""], 1, 1, b"\n")
    @example([b"a" * 40], 1, 1, b"")
    def check(lines, block_bytes, limit, end):
        content = b"\n".join(lines) + end
        assume(not content.startswith(PACKED))
        expected, offset = [], 0
        for line in content.split(b"\n"):
            expected.append((offset, line))
            offset += len(line) + 1
        rest_offset, rest = expected.pop()
        found = []
        for part in read(content, block_bytes, limit):
            if isinstance(part, Lines):
                place = part.offset
                for line in part.contents:
                    assert len(line) <= limit
                    found.append((place, line))
                    place += len(line) + 1
            elif isinstance(part, LongLine):
                line = content[part.offset : part.offset + part.length]
                assert part.length > limit
                assert line.startswith(part.beginning)
                assert line[-TAIL_BYTES:] == part.ending
                found.append((part.offset, line))
            else:
                assert part.offset == rest_offset
                assert part.content == (rest if len(rest) <= limit else None)
                found.append(None)
        assert found == expected + ([None] if rest else [])

    check()


def test_of_a_long_line_only_the_ends_are_held(read):
    content = b"a" * 3_000_000 + b"z\nshort\n"
    long, short = read(content, 65_536, 1_024)
    assert isinstance(long, LongLine)
    assert long.length == 3_000_001
    assert len(long.beginning) <= 65_536
    assert long.ending == b"a" * (TAIL_BYTES - 1) + b"z"
    assert short == Lines(3_000_002, [b"short"])
