"""Compressed frames: any range byte for byte, readable by every Zstandard, and nothing of a file that is damaged."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import zstandard

from synthetic_artifacts.frames import (
    FRAME_BYTES,
    FrameEncoder,
    FrameReader,
    FramesDamagedError,
    is_text,
    pays,
    read_index,
)

TEXT = b"".join(b"%d: one line of a log that says little\n" % number for number in range(40_000))


def encode(path: Path, content: bytes, step: int = 50_001) -> int:
    """Write a file of frames, its content in steps; an open descriptor of it."""
    with path.open("wb") as file:
        encoder = FrameEncoder(file.write)
        for start in range(0, len(content), step):
            encoder.write(content[start : start + step])
        assert encoder.finish() == file.tell()
    return os.open(path, os.O_RDONLY)


@pytest.fixture
def fd(tmp_path: Path):
    opened = encode(tmp_path / "text.zst", TEXT)
    yield opened
    os.close(opened)


@pytest.mark.parametrize("length", [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES, len(TEXT)])
def test_what_is_read_is_what_was_written(tmp_path: Path, length: int):
    fd = encode(tmp_path / "x.zst", TEXT[:length])
    index = read_index(fd)
    assert index.size_bytes == length
    assert b"".join(FrameReader(fd, index).pieces(0, length)) == TEXT[:length]
    os.close(fd)


def test_every_range_is_byte_equal(fd: int):
    reader, dice = FrameReader(fd, read_index(fd)), random.Random(7)
    edges = [edge + shift for edge in range(0, len(TEXT), FRAME_BYTES) for shift in (-1, 0, 1)]
    starts = [edge for edge in edges if edge >= 0] + [dice.randrange(len(TEXT)) for _ in range(100)]
    for first in starts:
        for length in (0, 1, dice.randrange(2 * FRAME_BYTES), len(TEXT) - first):
            length = min(length, len(TEXT) - first)
            assert b"".join(reader.pieces(first, length)) == TEXT[first : first + length]


def test_a_range_reads_only_the_frames_that_it_touches(fd: int):
    reader = FrameReader(fd, read_index(fd))
    assert [len(piece) for piece in reader.pieces(FRAME_BYTES - 1, 2)] == [1, 1]
    assert [len(piece) for piece in reader.pieces(FRAME_BYTES, FRAME_BYTES)] == [FRAME_BYTES]


@pytest.mark.parametrize(("first", "length"), [(-1, 1), (0, len(TEXT) + 1), (len(TEXT), 1), (5, -1)])
def test_a_range_beyond_the_content_is_refused(fd: int, first: int, length: int):
    with pytest.raises(ValueError, match="not within"):
        list(FrameReader(fd, read_index(fd)).pieces(first, length))


def test_other_programs_can_decompress_it(tmp_path: Path, fd: int):
    stored = (tmp_path / "text.zst").read_bytes()
    found = zstandard.ZstdDecompressor().stream_reader(stored, read_across_frames=True).read()
    assert found == TEXT
    assert len(stored) < len(TEXT) / 4


def test_no_changed_bit_goes_unseen(tmp_path: Path, fd: int):
    stored, dice = (tmp_path / "text.zst").read_bytes(), random.Random(11)
    places = [*(dice.randrange(len(stored)) for _ in range(150)), *range(len(stored) - 40, len(stored))]
    for place in places:
        changed = bytearray(stored)
        changed[place] ^= 1 << dice.randrange(8)
        path = tmp_path / "changed.zst"
        path.write_bytes(changed)
        with path.open("rb") as file:
            try:
                index = read_index(file.fileno())
                found = b"".join(FrameReader(file.fileno(), index).pieces(0, index.size_bytes))
            except FramesDamagedError:
                continue
        # Some bits of a frame's head mean nothing for its content.
        assert found == TEXT


@pytest.mark.parametrize("length", [0, 5, 17, 1_000])
def test_a_file_that_was_cut_is_none(tmp_path: Path, fd: int, length: int):
    path = tmp_path / "text.zst"
    os.truncate(path, length)
    with pytest.raises(FramesDamagedError):
        read_index(fd)


def test_a_table_that_promises_much_takes_no_memory(tmp_path: Path):
    path = tmp_path / "lie.zst"
    path.write_bytes(b"\0" * 1_000 + (0x07FF_FFFF).to_bytes(4, "little") + b"\0" + bytes.fromhex("b1ea928f"))
    with path.open("rb") as file, pytest.raises(FramesDamagedError):
        read_index(file.fileno())


def test_only_text_that_shrinks_is_worth_it():
    assert [is_text(kind) for kind in ("text/plain; charset=utf-8", "application/JSON", "image/svg+xml")] == [True] * 3
    assert [is_text(kind) for kind in ("image/png", "application/zip", "application/octet-stream")] == [False] * 3
    assert pays(TEXT)
    assert not pays(os.urandom(FRAME_BYTES))
    assert not pays(b"")
    assert not pays(b"short")
