"""The rule of every `save...`: what is there already is returned, and other content needs the version it replaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from synthetic.errors import ConflictError
from synthetic.validation import bad_input

UNTOLD = frozenset({"id", "version", "created_at", "updated_at"})
"""Columns that no list of changes names: they never change, or with every save."""


class VersionedRecord(Protocol):
    """A row whose every change has a number."""

    @property
    def version(self) -> int:
        """1 at first, one more with each change."""
        ...


def find_changes(
    stored: VersionedRecord | None,
    given: Mapping[str, Any],
    *,
    entity: str,
    id: str | None,
    if_version: int | None,
    fields: Mapping[str, str],
) -> dict[str, Any] | None:
    """What a save changes.

    Args:
        stored: The row with the id, if there is one.
        given: Columns that the sender gives, and their values.
        entity: What it is, for the messages.
        id: The sender's; None: it gave none, and wants something new.
        if_version: The version that the sender wants to change.
        fields: For each column that the API names otherwise, its name there.

    Returns:
        The columns that get another value; none where the save says nothing
        new. None where there is nothing yet, so it is to be inserted.

    Raises:
        BadUserInputError: A version is named, and no id.
        ConflictError: Something else is stored, and its version is not named; or nothing is, and one is named.
    """
    if stored is None:
        if if_version is None:
            return None
        if id is None:
            raise bad_input("ifVersion", f"needs the id of the {entity} that is to be changed")
        raise ConflictError(
            f"There is no {entity} {id!r} to change.",
            action="Leave ifVersion out to store it as new.",
            details={"field": "ifVersion", "id": id, "storedVersion": None},
        )
    changes = {name: value for name, value in given.items() if getattr(stored, name) != value}
    if changes and if_version != stored.version:
        raise ConflictError(
            f"The {entity} {id!r} is stored as version {stored.version} with other content.",
            details={
                "field": "ifVersion",
                "id": id,
                "storedVersion": stored.version,
                "differs": [fields.get(name, name) for name in changes],
            },
        )
    return changes


def changed_fields(before: NamedTuple | None, after: NamedTuple, fields: Mapping[str, str]) -> list[str]:
    """Names, in the API, of what has another value than before: for an event's `changed`.

    Args:
        before: As it was; None for something new, of which all that has a value is named.
        after: As it is now.
        fields: See `find_changes`.
    """
    old = {} if before is None else before._asdict()
    return [
        fields.get(name, name)
        for name, value in after._asdict().items()
        if name not in UNTOLD and old.get(name) != value
    ]
