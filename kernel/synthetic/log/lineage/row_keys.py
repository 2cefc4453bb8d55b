"""Keys of rows as ids: the text by which a row of a read model is named to clients.

A key of one column is that column. Several are joined by slashes, or are the
text of a JSON array where one of them holds a slash itself.
"""

from __future__ import annotations

from typing import Any, get_type_hints

from synthetic.errors import BadUserInputError
from synthetic.json_text import from_json, to_json
from synthetic.log.consumers.fold_state import FoldTable
from synthetic.selector_contributions import RowKey


def text_of_key(key: RowKey) -> str:
    """The id of a row."""
    if len(key) == 1:
        return str(key[0])
    if any(isinstance(part, str) and "/" in part for part in key) or str(key[0]).startswith("["):
        return to_json(list(key))
    return "/".join(map(str, key))


def key_of_text(table: FoldTable, text: str) -> RowKey:
    """The key of the row that an id names.

    Raises:
        BadUserInputError: It has not as many parts as the key, or one of them is no number where the column is.
    """
    parts = [text] if len(table.key) == 1 else _parts_of(text)
    try:
        if len(parts) != len(table.key):
            raise ValueError(text)
        kinds = get_type_hints(table.record)
        return tuple(_value(part, kinds[column]) for part, column in zip(parts, table.key, strict=True))
    except (ValueError, TypeError) as error:
        raise BadUserInputError(
            f"entityId must name a row of {table.name} by its key: {', '.join(table.key)}, joined by slashes.",
            action="Where a part holds a slash itself, give the key as a JSON array.",
            details={"field": "entityId"},
        ) from error


def _parts_of(text: str) -> list[Any]:
    if text.startswith("["):
        try:
            parts = from_json(text)
        except ValueError:
            return text.split("/")
        if isinstance(parts, list):
            return parts  # pyright: ignore[reportUnknownVariableType] - the number of parts is looked at
    return text.split("/")


def _value(part: Any, kind: Any) -> Any:
    if kind is int:
        return int(part)
    return float(part) if kind is float else str(part)
