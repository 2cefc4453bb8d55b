"""A layer of files (VFS) between SQLite and the system that fails when it is told to.

SQLite's own layer stays as it is, locks and all: what it offers for opening,
reading, writing, cutting, syncing and deleting is replaced by functions that
count the operation, and then either call the original or answer as a file
system that fails does, with SQLite's result codes (https://sqlite.org/vfs.html,
https://sqlite.org/rescode.html). It is done below the driver: an exception out
of a VFS written in Python would surface also where SQLite passes over a failed
operation on purpose, as when it closes a database.

It lasts as long as the process, so it belongs into one of its own.
"""

from __future__ import annotations

import ctypes
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import apsw
from durable_image import DurableImage

OK = apsw.SQLITE_OK
FAILED = {
    "open": apsw.SQLITE_CANTOPEN,
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "size": apsw.SQLITE_IOERR_FSTAT,
    "delete": apsw.SQLITE_IOERR_DELETE,
    "access": apsw.SQLITE_IOERR_ACCESS,
}
"""The operations that are counted, and what SQLite's own layer answers where the system fails one."""


class Kind(StrEnum):
    """What goes wrong."""

    EIO = "eio"
    DEAD_DISK = "dead-disk"
    FULL = "full"
    SHORT_WRITE = "short-write"
    SYNC = "failed-sync"
    POWER = "power-loss"


STRUCK = {
    Kind.EIO: frozenset(FAILED),
    Kind.DEAD_DISK: frozenset(FAILED),
    Kind.FULL: frozenset({"write"}),
    Kind.SHORT_WRITE: frozenset({"write"}),
    Kind.SYNC: frozenset({"sync"}),
    Kind.POWER: frozenset({"write", "truncate", "sync", "delete"}),
}
"""Which operations are counted for a kind."""

LASTING = frozenset({Kind.DEAD_DISK, Kind.FULL, Kind.POWER})
"""Kinds of which every later operation fails too, until the fault is healed."""


@dataclass
class Fault:
    """What is to go wrong next, and whether it has.

    Attributes:
        folder: Of the files that it is about; others are let alone.
        kind: What goes wrong; None: nothing.
        number: At which operation of those that the kind strikes, from 1.
        image: What the disk holds by now; None: it is not followed.
        chance: For what a failed sync leaves.
        counted: How many such operations there were.
        struck: The operation that was, as `write synthetic.db-wal`; None: none yet.
        failures: How many operations failed.
    """

    folder: Path
    kind: Kind | None = None
    number: int = 0
    image: DurableImage | None = None
    chance: random.Random = field(default_factory=random.Random)
    counted: int = 0
    struck: str | None = None
    failures: int = 0
    _healed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def heal(self) -> None:
        """From now on nothing fails: room was made, the disk was exchanged; a power cut stays one."""
        self._healed = True

    def strikes(self, operation: str, path: str) -> bool:
        """Count an operation; whether it is to fail."""
        kind = self.kind
        if kind is None or (self._healed and kind is not Kind.POWER):
            return False
        with self._lock:
            if self.struck is not None:
                fails = kind in LASTING and (kind is Kind.POWER or operation in STRUCK[kind])
            else:
                self.counted += operation in STRUCK[kind]
                fails = operation in STRUCK[kind] and self.counted == self.number
                if fails:
                    self.struck = f"{operation} {Path(path).name}"
            self.failures += fails
            return fails


class _Io(ctypes.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("version", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in (
            "close", "read", "write", "truncate", "sync", "size", "lock", "unlock", "check_reserved", "control",
            "sector_size", "characteristics", "shm_map", "shm_lock", "shm_barrier", "shm_unmap", "fetch", "unfetch",
        )),
    )  # fmt: skip


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, as far as it is needed."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("file_bytes", ctypes.c_int),
        ("path_max", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("app_data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("delete", ctypes.c_void_p),
        ("access", ctypes.c_void_p),
    )


_INT, _PTR, _LONG = ctypes.c_int, ctypes.c_void_p, ctypes.c_int64
# Names are passed on as addresses: SQLite's layer keeps the name of an open file, and reads what lies behind it.
_OPEN = ctypes.CFUNCTYPE(_INT, _PTR, _PTR, _PTR, _INT, _PTR)
_DELETE = ctypes.CFUNCTYPE(_INT, _PTR, _PTR, _INT)
_ACCESS = ctypes.CFUNCTYPE(_INT, _PTR, _PTR, _INT, _PTR)
_CLOSE = ctypes.CFUNCTYPE(_INT, _PTR)
_BYTES = ctypes.CFUNCTYPE(_INT, _PTR, _PTR, _INT, _LONG)
_TRUNCATE = ctypes.CFUNCTYPE(_INT, _PTR, _LONG)
_SYNC = ctypes.CFUNCTYPE(_INT, _PTR, _INT)
_SIZE = ctypes.CFUNCTYPE(_INT, _PTR, _PTR)


def _text_at(name: int) -> str:
    return os.fsdecode(ctypes.string_at(name))


class FailingFiles:
    """The system's layer of this process, from now on; set `fault` to make it fail."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self._paths: dict[int, str] = {}
        self._methods: dict[int, _Io] = {}
        self._originals: dict[int, int] = {}
        self._kept: list[Any] = []
        connection = apsw.Connection(":memory:", vfs="unix")
        pointer = ctypes.c_void_p()
        connection.file_control("main", apsw.SQLITE_FCNTL_VFS_POINTER, ctypes.addressof(pointer))
        connection.close()
        assert pointer.value
        vfs = _Vfs.from_address(pointer.value)
        assert vfs.name == b"unix", vfs.name
        for name, signature, function in (
            ("open", _OPEN, self._open), ("delete", _DELETE, self._delete), ("access", _ACCESS, self._access),
        ):  # fmt: skip
            setattr(vfs, name, self._replaced(signature, getattr(vfs, name), function))

    def _replaced(self, signature: Any, original: int, function: Callable[..., int]) -> int:
        """The address of a function that is called with the original one before its arguments."""
        called = signature(original)
        replacement = signature(lambda *arguments: function(called, *arguments))
        self._kept += [called, replacement]
        address = ctypes.cast(replacement, ctypes.c_void_p).value
        assert address
        return address

    def _following(self, path: str | None) -> Fault | None:
        """The fault, where it is about this file."""
        fault = self.fault
        if fault is None or path is None or path.endswith("-shm") or Path(path).parent != fault.folder:
            return None
        return fault

    def _open(self, original: Any, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        path = None if name is None else _text_at(name)
        fault = self._following(path)
        if fault is not None and fault.strikes("open", str(path)):
            # What SQLite's layer leaves of a file that it could not open: nothing to close.
            ctypes.c_void_p.from_address(file).value = None
            return FAILED["open"]
        result = original(vfs, name, file, flags, out)
        if result == OK and path is not None:
            self._paths[file] = path
            methods = ctypes.c_void_p.from_address(file)
            if methods.value:
                methods.value = self._wrapped(methods.value)
            if fault is not None and fault.image is not None:
                fault.image.opened(path)
        return result

    def _wrapped(self, original: int) -> int:
        """The methods of a kind of file, with those of ours in their places; made once for each kind."""
        known = self._methods.get(original)
        if known is None:
            known = _Io.from_buffer_copy(_Io.from_address(original))
            for name, signature, function in (
                ("close", _CLOSE, self._close), ("read", _BYTES, self._read), ("write", _BYTES, self._write),
                ("truncate", _TRUNCATE, self._truncate), ("sync", _SYNC, self._sync), ("size", _SIZE, self._size),
            ):  # fmt: skip
                setattr(known, name, self._replaced(signature, getattr(known, name), function))
            self._methods[original] = known
            self._originals[ctypes.addressof(known)] = original
        return ctypes.addressof(known)

    def _close(self, original: Any, file: int) -> int:
        self._paths.pop(file, None)
        return original(file)

    def _read(self, original: Any, file: int, buffer: int, amount: int, offset: int) -> int:
        path = self._paths.get(file)
        fault = self._following(path)
        if fault is not None and fault.strikes("read", str(path)):
            return FAILED["read"]
        return original(file, buffer, amount, offset)

    def _write(self, original: Any, file: int, buffer: int, amount: int, offset: int) -> int:
        path = self._paths.get(file)
        fault = self._following(path)
        if fault is None or path is None:
            return original(file, buffer, amount, offset)
        if fault.strikes("write", path):
            if fault.kind is Kind.SHORT_WRITE:
                self._write_through(fault, path, original, file, buffer, amount // 2, offset)
            return apsw.SQLITE_FULL if fault.kind is Kind.FULL else FAILED["write"]
        return self._write_through(fault, path, original, file, buffer, amount, offset)

    def _write_through(
        self, fault: Fault, path: str, original: Any, file: int, buffer: int, amount: int, offset: int
    ) -> int:
        result = original(file, buffer, amount, offset)
        if result == OK and fault.image is not None:
            fault.image.written(path, offset, ctypes.string_at(buffer, amount))
        return result

    def _truncate(self, original: Any, file: int, size: int) -> int:
        path = self._paths.get(file)
        fault = self._following(path)
        if fault is not None and fault.strikes("truncate", str(path)):
            return FAILED["truncate"]
        result = original(file, size)
        if result == OK and fault is not None and fault.image is not None:
            fault.image.cut(str(path), size)
        return result

    def _sync(self, original: Any, file: int, flags: int) -> int:
        path = self._paths.get(file)
        fault = self._following(path)
        if fault is None or path is None:
            return original(file, flags)
        if fault.strikes("sync", path):
            if fault.image is not None and fault.kind is Kind.SYNC:
                fault.image.lost(path, fault.chance)
            return FAILED["sync"]
        # The process survives the fault, so nothing need reach the disk itself: the image says what would have.
        if fault.image is not None:
            fault.image.synced(path)
        return OK

    def _size(self, original: Any, file: int, out: int) -> int:
        path = self._paths.get(file)
        fault = self._following(path)
        if fault is not None and fault.strikes("size", str(path)):
            return FAILED["size"]
        return original(file, out)

    def _delete(self, original: Any, vfs: int, name: int, sync_folder: int) -> int:
        path = _text_at(name)
        fault = self._following(path)
        if fault is not None and fault.strikes("delete", path):
            return FAILED["delete"]
        result = original(vfs, name, sync_folder)
        if result == OK and fault is not None and fault.image is not None:
            fault.image.deleted(path, is_synced=bool(sync_folder))
        return result

    def _access(self, original: Any, vfs: int, name: int, flags: int, out: int) -> int:
        path = _text_at(name)
        fault = self._following(path)
        if fault is not None and fault.strikes("access", path):
            return FAILED["access"]
        return original(vfs, name, flags, out)
