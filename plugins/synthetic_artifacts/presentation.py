"""How artifacts are shown on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from synthetic import from_json, iso_from_ms
from synthetic.cli import in_bytes, span_in_words, table_of
from synthetic_artifacts.model import Artifact
from synthetic_artifacts.store import Usage


def artifact_as_json(artifact: Artifact) -> dict[str, Any]:
    """An artifact with the names and forms of the GraphQL type."""
    return {_name(column): _value(column, value) for column, value in artifact._asdict().items()}


def artifacts_table(artifacts: Sequence[Artifact], now: int) -> Table:
    """Artifacts as a table.

    Args:
        artifacts: What to show.
        now: Unix milliseconds UTC, for their age.
    """
    rows = [
        (
            artifact.id,
            artifact.status,
            artifact.construct_id,
            artifact.type,
            artifact.name,
            in_bytes(artifact.size_bytes),
            span_in_words(max(0, now - artifact.created_at)),
        )
        for artifact in artifacts
    ]
    return table_of(("id", "status", "construct", "type", "name", "size", "stored ago"), rows, numbers=("size",))


def artifact_fields(artifact: Artifact) -> dict[str, str]:
    """An artifact for people, by names; what it does not have is left out."""
    sizes = in_bytes(artifact.size_bytes)
    if artifact.stored_bytes != artifact.size_bytes:
        sizes = f"{sizes}, {in_bytes(artifact.stored_bytes)} on the disk"
    shown = {
        "id": artifact.id,
        "status": artifact.status,
        "construct": artifact.construct_id,
        "session": artifact.session_id,
        "job": artifact.job_id,
        "type": artifact.type,
        "name": artifact.name,
        "content type": artifact.content_type,
        "size": sizes,
        "sha256": artifact.sha256,
        "file": f"artifacts/{artifact.path}",
        "metadata": None if artifact.metadata == "{}" else artifact.metadata,
        "stored at": iso_from_ms(artifact.created_at),
        "expires at": None if artifact.expires_at is None else iso_from_ms(artifact.expires_at),
        "deleted at": None if artifact.deleted_at is None else iso_from_ms(artifact.deleted_at),
    }
    return {name: value for name, value in shown.items() if value is not None}


def usage_as_json(usage: Usage) -> dict[str, int]:
    """What artifacts take, with names as GraphQL has them."""
    return {"files": usage.files, "storedBytes": usage.stored_bytes}


def usage_in_words(usage: Usage) -> str:
    """How many artifacts there are, and what they take."""
    if not usage.files:
        return "no artifacts"
    files = "1 artifact" if usage.files == 1 else f"{usage.files:,} artifacts"
    return f"{files} in all, {in_bytes(usage.stored_bytes)} on the disk"


def _name(column: str) -> str:
    first, *others = column.split("_")
    return first + "".join(word.capitalize() for word in others)


def _value(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column == "metadata":
        return from_json(value)
    return iso_from_ms(value) if column.endswith("_at") else value
