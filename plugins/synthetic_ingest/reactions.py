"""What a reaction to rejected lines is: the contract between ingest and the plugins that react. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthetic_ingest.model import IngestFile, IngestReject

if TYPE_CHECKING:
    from synthetic import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectReaction:
    """Something that must be true in the very commit in which lines are rejected (`register_reject_reactions`).

    Attributes:
        purpose: One sentence.
        rejected: Is given the transaction, the file as it is now, and the
            rejects that were stored. It does little and reads no file, since
            the writer waits for it; what it raises undoes the batch too.
        forgotten: Is told of the file before its rejects are deleted, since
            the file is read again from its beginning.
    """

    purpose: str
    rejected: Callable[[Transaction, IngestFile, Sequence[IngestReject]], None]
    forgotten: Callable[[Transaction, IngestFile], None]

    def __post_init__(self) -> None:
        if not self.purpose.strip():
            raise ValueError("a reaction to rejects must say in words what it is for")
