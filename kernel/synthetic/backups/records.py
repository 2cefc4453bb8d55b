"""What is written down of a backup: its record, and the list of what is in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import msgspec

from synthetic.backups.errors import BackupDamagedError, BackupUnsupportedError

FORMAT = "synthetic-backup-1"
"""The name of the format; another number is another format."""

HASH_BYTES = 32
PIECE_BYTES_MAX = 1_048_576
"""No piece is larger, so none takes more memory than that, whoever has made the backup."""

DATABASE = "synthetic.db"
"""The path of the database among the files of a backup."""

NOT_KEPT = frozenset(
    {"backups", "quarantine", "token", "start.lock", "open.lock", "restore.json", "restoring"}
    | {DATABASE + ending for ending in ("-wal", "-shm", "-journal")}
)
"""What lies in a data directory, and is in no backup: what is other backups', other processes', or a secret."""

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Bytes = Annotated[int, msgspec.Meta(ge=0)]

PieceBytes = Annotated[int, msgspec.Meta(ge=0, le=PIECE_BYTES_MAX)]

_SEAL_BEGIN, _SEAL_MIDDLE, _SEAL_END = b'{"hash":"', b'","backup":', b"}\n"


class Piece(NamedTuple):
    """A part of a file, kept once however many files and backups hold it.

    Attributes:
        digest: BLAKE2b of its content, 256 bits, in hexadecimal.
        size_bytes: Of its content.
    """

    digest: Digest
    size_bytes: PieceBytes


class KeptFile(NamedTuple):
    """A file of a backup.

    Attributes:
        path: Below the data directory, with `/` between its names.
        size_bytes: Its length.
        modified_ns: When it was last written, as the file system said; 0 for the database.
        changed_ns: When it was last written, renamed or linked; 0 for the database.
        pieces: Its content, in order.
    """

    path: str
    size_bytes: Bytes
    modified_ns: int
    changed_ns: int
    pieces: tuple[Piece, ...]


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """All that is in a backup.

    Attributes:
        files: The database first, the others by path.
    """

    files: tuple[KeptFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """The record of a backup: written last of all, so what has one is whole.

    Attributes:
        id: Its name, which begins with when it was taken.
        reason: Why, in a word: `manual`, `schedule`, `requested`, `before-migration`.
        position: The place in the log that all of it is of; "" where the store had none yet.
        taken_at: When the database was copied, Unix milliseconds.
        proven_at: When it was restored and found whole and sound; None: that was not so.
        problems: What the proof has found: at most a few sentences.
        is_damaged: Whether a part of it was found later not to be as it was written; `problems` names it.
        sequence: It is the one after those with smaller numbers in its folder, whatever the clock said.
        is_whole: Whether the files beside the database are in it; else it is of the database alone.
        database_bytes: Size of the database.
        files: How many files there are beside the database.
        file_bytes: What they add up to.
        added_bytes: What this backup has added to what was kept already, as stored.
        contents: Where the list of what is in it is kept.
        migrations: The last migration of each plugin that the store had, by the plugin's name.
        version: Of Synthetic.
        format: `FORMAT`.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,150}$")]
    reason: str
    position: str
    taken_at: int
    proven_at: int | None
    problems: tuple[str, ...] = ()
    is_damaged: bool = False
    sequence: Bytes = 0
    is_whole: bool
    database_bytes: Bytes
    files: Bytes
    file_bytes: Bytes
    added_bytes: Bytes
    contents: tuple[Piece, ...]
    migrations: dict[str, int] = field(default_factory=dict[str, int])
    version: str
    format: str = FORMAT

    @property
    def size_bytes(self) -> int:
        """What it takes once it is restored."""
        return self.database_bytes + self.file_bytes


_record_decoder = msgspec.json.Decoder(Backup, strict=True)
_contents_decoder = msgspec.json.Decoder(Contents, strict=True)


def digest_of(content: bytes | memoryview) -> str:
    """BLAKE2b of some bytes, 256 bits: as strong as SHA-256, and several times as fast where no instruction helps it.

    `b2sum -l 256` prints the same (RFC 7693).
    """
    return hashlib.blake2b(content, digest_size=HASH_BYTES).hexdigest()


def seal(backup: Backup) -> bytes:
    """The file of a record: JSON, with the hash of the record in front of it."""
    body = msgspec.json.encode(backup)
    return b"".join((_SEAL_BEGIN, digest_of(body).encode(), _SEAL_MIDDLE, body, _SEAL_END))


def unseal(content: bytes, name: str) -> Backup:
    """The record in a file that `seal` has made.

    Args:
        content: Of the file.
        name: Of the file, for the message.

    Raises:
        BackupDamagedError: A byte of it is not as it was written.
        BackupUnsupportedError: It is whole, and of another format.
    """
    begin = len(_SEAL_BEGIN)
    middle = begin + 2 * HASH_BYTES
    body = content[middle + len(_SEAL_MIDDLE) : -len(_SEAL_END)]
    if (
        not content.startswith(_SEAL_BEGIN)
        or content[middle : middle + len(_SEAL_MIDDLE)] != _SEAL_MIDDLE
        or not content.endswith(_SEAL_END)
        or content[begin:middle] != digest_of(body).encode()
    ):
        raise BackupDamagedError(f"The record {name} is not as it was written.", details={"file": name})
    try:
        return _record_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise BackupUnsupportedError(
            f"The record {name} is of a format that this version does not know.", details={"file": name}
        ) from error


def encode_contents(contents: Contents) -> bytes:
    """The list of what is in a backup, as it is stored."""
    return msgspec.json.encode(contents)


def decode_contents(content: bytes) -> Contents:
    """The list of what is in a backup.

    Raises:
        BackupDamagedError: It names no database, or a path that leads out of the data directory.
        BackupUnsupportedError: It is of a format that this version does not know.
    """
    try:
        contents = _contents_decoder.decode(content)
    except msgspec.DecodeError as error:
        raise BackupUnsupportedError("The list of what is in the backup cannot be understood.") from error
    paths = [file.path for file in contents.files]
    if not paths or paths[0] != DATABASE or len(set(paths)) != len(paths) or not all(map(_is_harmless, paths)):
        raise BackupDamagedError("The list of what is in the backup names paths that no store has.")
    return contents


def _is_harmless(path: str) -> bool:
    """Whether a path stays where it is put, and is none of what a restore leaves alone."""
    steps = path.split("/")
    return "\0" not in path and steps[0] not in NOT_KEPT and all(step not in ("", ".", "..") for step in steps)
