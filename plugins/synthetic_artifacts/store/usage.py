"""What artifacts take on the disk, and what the quotas leave."""

from __future__ import annotations

from typing import NamedTuple

from synthetic import Snapshot
from synthetic_artifacts.files import Allowance, quota_error
from synthetic_artifacts.settings import ArtifactSettings

ALL = ""
"""Stands in `artifact_totals` for all constructs together."""


class Usage(NamedTuple):
    """What artifacts take.

    Attributes:
        files: How many there are.
        stored_bytes: The length of their files together.
    """

    files: int
    stored_bytes: int


def read_usage(snapshot: Snapshot, construct_id: str = ALL) -> Usage:
    """What the artifacts of a construct take; without an id, those of all. Deleted ones count until they are gone."""
    found = snapshot.record(
        Usage, "SELECT files, stored_bytes FROM artifact_totals WHERE construct_id = :id", {"id": construct_id}
    )
    return found or Usage(0, 0)


def was_ever_used(snapshot: Snapshot) -> bool:
    """Whether the store has, or once had, an artifact."""
    return snapshot.row("SELECT 1 FROM artifact_totals WHERE construct_id = ''") is not None


def find_allowance(snapshot: Snapshot, construct_id: str) -> Allowance:
    """How much a new artifact of a construct may take."""
    limits = snapshot.settings(ArtifactSettings)
    return Allowance(
        size_bytes=limits.size_bytes,
        construct_left_bytes=limits.construct_bytes - read_usage(snapshot, construct_id).stored_bytes,
        all_left_bytes=limits.all_bytes - read_usage(snapshot).stored_bytes,
        free_disk_bytes=limits.free_disk_bytes,
    )


def check_quotas(snapshot: Snapshot, construct_id: str) -> None:
    """Refuse what has just been added, if it is more than the quotas allow.

    Raises:
        ArtifactQuotaError: It is.
    """
    limits = snapshot.settings(ArtifactSettings)
    if read_usage(snapshot, construct_id).stored_bytes > limits.construct_bytes:
        raise quota_error("construct_bytes", construct_id)
    if read_usage(snapshot).stored_bytes > limits.all_bytes:
        raise quota_error("all_bytes", construct_id)
