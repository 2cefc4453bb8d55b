"""`demo.json`: what says that a data directory is the demo's own, and which fleet is in it.

It is written before the store is made, so that there is never a store of the
demo without it; and a store without it is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from synthetic.data_directory import DataDirectory
from synthetic.demo_errors import DemoUnfinishedError, NotADemoError
from synthetic.durable_files import durable_file
from synthetic.errors import BadUserInputError, iso_from_ms


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fleet it is.

    Attributes:
        seed: Of its plan.
        scale: Of its plan.
        now: The end of its history, Unix milliseconds UTC.
        parts: The plugins whose parts it was made of.
        version: Of the kernel that began to make it.
        is_filled: Whether all of its history is written.
    """

    seed: int
    scale: int
    now: int
    parts: tuple[str, ...]
    version: str
    is_filled: bool = False


def find_mark(directory: DataDirectory) -> Mark | None:
    """The mark of a data directory; None where there is no store yet.

    Raises:
        NotADemoError: There is a store that the demo has not made, or the mark cannot be read.
    """
    path = directory.demo_mark
    if path.is_file():
        return _read(path)
    if directory.database.exists():
        raise NotADemoError(f"The store in {directory.path} was not made by the demo; it was left as it is.")
    return None


def require_finished(directory: DataDirectory) -> None:
    """Refuse to serve a demo that is half made: what happens in it could not be told from its history.

    Raises:
        DemoUnfinishedError: It is.
        NotADemoError: The mark cannot be read.
    """
    if directory.demo_mark.is_file() and not _read(directory.demo_mark).is_filled:
        raise DemoUnfinishedError(f"The making of the demo in {directory.path} was interrupted.")


def write_mark(directory: DataDirectory, mark: Mark) -> None:
    """Claim a data directory for the demo, or say more about one.

    Raises:
        StorageFullError, StorageReadOnlyError, StorageFailedError: It cannot be written.
    """
    with durable_file(directory.demo_mark) as file:
        file.write(msgspec.json.encode(mark) + b"\n")


def check_wanted(mark: Mark, wanted: Mapping[str, int | None]) -> None:
    """Refuse to show a fleet that is not the one that was asked for.

    Args:
        mark: Of the store that is there.
        wanted: By option; None where nothing was said.

    Raises:
        BadUserInputError: An option says otherwise than the mark.
    """
    for option, value in wanted.items():
        there = getattr(mark, option)
        if value is not None and value != there:
            made, asked = (iso_from_ms(each) if option == "now" else each for each in (there, value))
            raise BadUserInputError(
                f"The demo that is there was made with --{option} {made}, not {asked}.",
                action=f"Leave --{option} out to see that one, or name another directory with --data.",
                details={"field": option},
            )


def _read(path: Path) -> Mark:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mark)
    except (OSError, msgspec.DecodeError) as error:
        raise NotADemoError(f"{path} cannot be read as the mark of a demo.") from error
