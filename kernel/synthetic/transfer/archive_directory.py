"""The directory of a zip file: how many members it lists is known before anything is made of them.

`zipfile` makes an object of each member that the directory lists, whatever the
end of the file says of their number. So the directory is counted first, as
bytes, and must list as many as the end says (APPNOTE.TXT 6.3.10, sections
4.3.12 to 4.3.16).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from synthetic.transfer.errors import ExportRefusedError
from synthetic.transfer.manifest import MEMBERS_MAX

DIRECTORY_BYTES_MAX = 67_108_864

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY_BYTES = 46
"""Of an entry of the directory, without what it says of its member in words."""

_ENTRY_LENGTHS, _ENTRY_LENGTHS_AT = struct.Struct("<3H"), 28
"""How long the name, the extra fields and the comment of a member are, and where in its entry that stands."""


def check_directory(file: BinaryIO, size_bytes: int) -> None:
    """Refuse a directory with more members than an export may have, or than it says, before it is read.

    Raises:
        ExportRefusedError: It is so, or there is none at the end of the file.
    """
    problem = ExportRefusedError("It is no export: it does not end as one.")
    if size_bytes < _END.size:
        raise problem
    file.seek(size_bytes - _END.size)
    signature, _, _, _, members, directory_bytes, _, comment = _END.unpack(file.read(_END.size))
    if signature != _END_SIGNATURE or comment:
        raise problem
    directory_end = size_bytes - _END.size
    locator_at = directory_end - _LOCATOR.size
    if locator_at >= 0:
        file.seek(locator_at)
        mark, _, end_at, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
        if mark == b"PK\x06\x07":
            # Python's reader takes what lies right before the locator, wherever that says it is.
            directory_end = locator_at - _END_64.size
            if end_at != directory_end:
                raise problem
            file.seek(end_at)
            _, _, _, _, _, _, _, members, directory_bytes, _ = _END_64.unpack(file.read(_END_64.size))
    if members > MEMBERS_MAX or directory_bytes > DIRECTORY_BYTES_MAX:
        raise ExportRefusedError(
            f"It has {members:,} members, and an export has at most {MEMBERS_MAX:,}.", details={"members": members}
        )
    if directory_bytes > directory_end or _count(file, directory_end - directory_bytes, directory_bytes) != members:
        raise problem


def _count(file: BinaryIO, start: int, size_bytes: int) -> int:
    """How many members a directory lists, whatever the end of the file says, without making anything of them."""
    file.seek(start)
    directory, place, count = file.read(size_bytes), 0, 0
    while place + _ENTRY_BYTES <= size_bytes:
        place += _ENTRY_BYTES + sum(_ENTRY_LENGTHS.unpack_from(directory, place + _ENTRY_LENGTHS_AT))
        count += 1
    return count
