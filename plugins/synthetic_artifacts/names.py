"""What folders and files are called: by the names of what they hold, made harmless.

Ids, types and names are free text, and what is on a disk is not. Letters,
digits and a few signs stay; everything else becomes `_`, so that no name can
lead anywhere, hide, or end where a file system says so. Whatever was changed,
and whatever is not plain ASCII and so may look like something else, is told
apart by some digits of its hash. No name that is made here is ever made again
for another file: each has a random part.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import unicodedata

FOLDER_BYTES_MAX = 120
STEM_BYTES_MAX = 150
ENDING_CHARACTERS_MAX = 12
TOKEN_CHARACTERS = 10
HASH_DIGITS = 8
SEPARATOR = "~"
"""Comes before what is made up; it is in no name otherwise."""

PARTIAL = ".partial"
"""Ends the name of a file that is being written."""

COMPRESSED = ".zst"
"""Ends the name of a file in Zstandard's format."""

_SIGNS = frozenset("._-+=@,()")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Digits and letters that are not taken for each other."""


def folder_name(text: str) -> str:
    """What the folder for an id or a type is called: always the same for the same text, and no other's."""
    clean = _clean(text, FOLDER_BYTES_MAX - HASH_DIGITS - len(SEPARATOR))
    if clean == text and text.isascii():
        return clean
    return f"{clean}{SEPARATOR}{hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]}"


def file_name(name: str) -> str:
    """What a new file for an artifact of this name is called: `build~k3x9w2m4qa.log`; another one each time."""
    stem, dot, ending = name.rpartition(".")
    if not stem or not 1 <= len(ending) <= ENDING_CHARACTERS_MAX or not (ending.isascii() and ending.isalnum()):
        stem, dot, ending = name, "", ""
    token = "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_CHARACTERS))
    return f"{_clean(stem, STEM_BYTES_MAX)}{SEPARATOR}{token}{dot}{ending}"


def printable(path: str) -> str:
    """A path from the disk as text for people: bytes that are not UTF-8 are escaped in hexadecimal digits."""
    return os.fsencode(path).decode(errors="backslashreplace")


def is_text_path(path: str) -> bool:
    """Whether a path from the disk is UTF-8, as each is that was made here."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(text: str, bytes_max: int) -> str:
    """Harmless, in at most so many bytes of UTF-8, and never empty."""
    composed = unicodedata.normalize("NFC", text)
    harmless = "".join(sign if _is_harmless(sign) else "_" for sign in composed)
    # Names that begin with a dot are hidden, and `.` and `..` are no names at all; an end in a dot is cut by some.
    begun = harmless.lstrip(".").rstrip(".")
    return begun.encode()[:bytes_max].decode(errors="ignore").rstrip(".") or "_"


def _is_harmless(sign: str) -> bool:
    return sign in _SIGNS or unicodedata.category(sign)[0] in "LN"
