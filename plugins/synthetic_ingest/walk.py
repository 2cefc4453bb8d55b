"""Finding the files under the paths that were given: in order, without ever waiting or going in circles."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthetic_ingest.sources import FileStatus, kind_of


@dataclass(frozen=True, slots=True)
class Found:
    """Something that stands at or under one of the paths.

    Attributes:
        path: Absolute.
        is_named: Whether it was given itself, and not found in a folder.
        status: Of a file that can be opened; None for anything else.
        problem: Why it is left out, as a sentence; None for a file.
        is_failure: Whether that is a failure; what only happens to stand in
            a folder and is no file is none.
    """

    path: Path
    is_named: bool
    status: FileStatus | None = None
    problem: str | None = None
    is_failure: bool = False


def find_files(paths: Sequence[Path]) -> Iterator[Found]:
    """All that stands at and under some paths, folders in the order of names.

    Within folders, what is hidden (a name that begins with a dot) and links to
    folders are left out and said; name them to have them read. So no loop of
    links can be entered.
    """
    for path in paths:
        absolute = absolute_of(path)
        try:
            status = absolute.stat()
        except (OSError, ValueError) as error:
            yield Found(absolute, is_named=True, problem=_why(error), is_failure=True)
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from _under(absolute)
        else:
            yield _found(absolute, status, is_named=True)


def find_changed(changed: Iterable[Path], paths: Sequence[Path]) -> Iterator[Found]:
    """What of some paths that have changed is to be read, in the order of names.

    Args:
        changed: Absolute; some may not be there any more.
        paths: The files and folders that are read: what is hidden within them is left out.
    """
    # Some systems tell of files by their real paths, whatever the links that were meant.
    roots = {name: root for root in map(absolute_of, paths) for name in (root.resolve(), root)}
    for told in sorted(changed):
        name = next((name for name in roots if told.is_relative_to(name)), None)
        if name is None or any(part.startswith(".") for part in told.relative_to(name).parts):
            continue
        root = roots[name]
        path = root / told.relative_to(name)
        try:
            status = path.stat()
        except (OSError, ValueError):
            # Gone again; what was read of it stays. One that was named is missed by the next look at everything.
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield _found(path, status, is_named=path == root)
        elif not path.is_symlink():
            yield from _under(path)


def absolute_of(path: Path) -> Path:
    """The same path from the root, without `.` and `..`; links stay, for they were meant."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def path_text(path: Path) -> str:
    """A path as text that every store can keep; bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _under(folder: Path) -> Iterator[Found]:
    # A stack of what is left to do in each folder: folders may be nested deeper than Python calls.
    stack = [_list_folder(folder, is_named=True)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Found):
            yield entry
        elif entry.name.startswith("."):
            yield Found(Path(entry.path), is_named=False, problem="It is hidden.")
        elif entry.is_dir(follow_symlinks=False):
            stack.append(_list_folder(Path(entry.path), is_named=False))
        else:
            yield _look_at(entry)


def _list_folder(folder: Path, *, is_named: bool) -> Iterator[os.DirEntry[str] | Found]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield Found(folder, is_named=is_named, problem=f"The folder cannot be listed: {_why(error)}", is_failure=True)
        return
    yield from listed


def _look_at(entry: os.DirEntry[str]) -> Found:
    path = Path(entry.path)
    try:
        status = entry.stat()
    except FileNotFoundError:
        reason = "It is a link to nothing." if entry.is_symlink() else "It is not there any more."
        return Found(path, is_named=False, problem=reason)
    except OSError as error:
        return Found(path, is_named=False, problem=_why(error))
    if stat.S_ISDIR(status.st_mode):
        return Found(path, is_named=False, problem="It is a link to a folder.")
    return _found(path, status, is_named=False)


def _found(path: Path, status: os.stat_result, *, is_named: bool) -> Found:
    if stat.S_ISREG(status.st_mode):
        return Found(path, is_named=is_named, status=FileStatus.of(status))
    return Found(path, is_named=is_named, problem=f"It is {kind_of(status.st_mode)}, not a file.", is_failure=is_named)


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "It is not there."
    if isinstance(error, PermissionError):
        return "It may not be read by this user."
    return f"{getattr(error, 'strerror', None) or error}."
