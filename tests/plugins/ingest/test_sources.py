"""Files are read whole and in part, packed and not, and nothing that is no file makes them wait."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from synthetic_ingest.model import Compression, UnreadableFileError
from synthetic_ingest.sources import GzipStream, open_source
from tests.plugins.ingest.kit import patient
from tests.plugins.ingest.samples import write

TEXT = b"".join(b"line %d\n" % number for number in range(50_000))

UNREADABLE = Path("/proc/self/mem")
"""A regular file that cannot be read at its beginning."""


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


def in_parts(pack, content: bytes) -> bytes:
    """Several members, or frames, one after the other; one of them empty."""
    return pack(content[:100_000]) + pack(b"") + pack(content[100_000:])


PACKED = {
    "plain": (TEXT, Compression.NONE),
    "gzip": (gzip.compress(TEXT), Compression.GZIP),
    "gzip-members": (in_parts(gzip.compress, TEXT), Compression.GZIP),
    "gzip-padded": (gzip.compress(TEXT) + bytes(1_000), Compression.GZIP),
    "zstd": (zstd(TEXT), Compression.ZSTD),
    "zstd-frames": (in_parts(zstd, TEXT), Compression.ZSTD),
    "zstd-skippable": (b"\x50\x2a\x4d\x18\x04\x00\x00\x00note" + zstd(TEXT), Compression.ZSTD),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_file_is_unpacked_by_what_it_holds(tmp_path, name):
    content, compression = PACKED[name]
    with open_source(write(tmp_path / "file", content)) as source:
        assert source.compression is compression
        assert source.read_fully(len(TEXT) + 1) == TEXT
        assert source.offset == len(TEXT)
        assert source.read() == b""
        assert source.position_bytes == len(content)


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("offset", [0, 1, 4_096, 5_000, 250_000, len(TEXT)])
def test_reading_goes_on_at_any_place(tmp_path, name, offset):
    with open_source(write(tmp_path / "file", PACKED[name][0])) as source:
        source.read_fully(70_000)
        assert source.skip_to(offset) == TEXT[max(0, offset - 4_096) : offset]
        assert source.read_fully(len(TEXT)) == TEXT[offset:]
        assert source.skip_to(len(TEXT) + 1) is None


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_a_packed_file_that_is_still_written_is_read_as_far_as_it_goes(tmp_path, pack):
    # What does not pack well, so that half of the file is about half of the content.
    content = random.Random(7).randbytes(400_000)
    packed = pack(content[:200_000]) + pack(content[200_000:])
    with open_source(write(tmp_path / "file", packed[:-100_000])) as source:
        found = source.read_fully(len(content))
    assert 200_000 <= len(found) < len(content)
    assert content.startswith(found)


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_what_was_damaged_is_an_error_after_what_was_not(tmp_path, pack):
    with open_source(write(tmp_path / "file", pack(TEXT) + b"\x1f\x8b garbage \x28\xb5\x2f\xfd" * 9)) as source:
        assert source.read_fully(len(TEXT)) == TEXT
        with pytest.raises(UnreadableFileError, match=f"cannot be unpacked beyond byte {len(TEXT)}"):
            source.read()


@patient
@given(st.binary(max_size=2_000), st.integers(1, 50))
def test_gzip_gives_no_more_than_was_asked_for(content, size):
    class Packed:
        def __init__(self) -> None:
            self.rest = gzip.compress(content)

        def read(self, _size: int) -> bytes:
            part, self.rest = self.rest[:7], self.rest[7:]
            return part

    stream = GzipStream(Packed())
    parts = list(iter(lambda: stream.read(size), b""))
    assert b"".join(parts) == content
    assert all(len(part) <= size for part in parts)


@pytest.mark.skipif(not UNREADABLE.exists(), reason="needs Linux")
def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path, "a folder"),
        (tmp_path / "pipe", "a pipe"),
        (tmp_path / "nothing", "not there"),
        (tmp_path / ("long" * 100), "cannot be opened"),
    ):
        with pytest.raises(UnreadableFileError, match=reason), open_source(path):
            pass
    with pytest.raises(UnreadableFileError, match="cannot be opened: Input/output error"), open_source(UNREADABLE):
        pass
    with pytest.raises(UnreadableFileError, match="a device"), open_source(tmp_path.joinpath(os.devnull)):
        pass
