"""New ids for everything in an export, and where they have to stand.

A new id is made from the old one and a seed, so that an import that goes on
after it was broken off makes the same ones, and what is renamed in one unit is
called so in all others. Only ids in declared places are changed: columns with
references, places that `Travel` names, the ids that events carry. Texts stay
as they are, also where they speak of an id.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

from strawberry.utils.str_converters import to_camel_case

from synthetic.database.snapshot import Value
from synthetic.json_text import from_json, to_json
from synthetic.transfer.archive_reading import ExportFile
from synthetic.transfer.policies import OnConflict
from synthetic.transfer.travelling import TravellingTable

_PREVIOUS = "previous"


class Renaming:
    """What is called what here."""

    def __init__(self, tables: Mapping[str, TravellingTable], seed: str, begun_at: int) -> None:
        """Make one that leaves ids as they are; see `read_renaming`.

        Args:
            tables: Those that travel.
            seed: New ids are made from it.
            begun_at: When the import began, Unix milliseconds UTC; the time in new ids.
        """
        self._tables = tables
        self._seed = seed
        self._begun_at = begun_at
        self._ids: dict[str, frozenset[str]] = {}
        self._by_entity = {table.entity: table for table in tables.values() if table.entity is not None}
        self._by_field: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def is_needed(self) -> bool:
        """Whether anything is renamed."""
        return bool(self._ids)

    def begin(self, ids: Mapping[str, frozenset[str]]) -> None:
        """Rename the rows with these ids, by table."""
        self._ids = dict(ids)
        for table in self._tables.values():
            for link in table.links:
                if link.table and not link.path and link.table not in self._by_field[to_camel_case(link.column)]:
                    self._by_field[to_camel_case(link.column)].append(link.table)

    def of(self, table: str, id: Value) -> Value:
        """What a row of a table is called here."""
        if not isinstance(id, str) or id not in self._ids.get(table, ()):
            return id
        return self.made(table, id)

    def made(self, kind: str, id: str) -> str:
        """A UUIDv7 (RFC 9562, section 5.7), always the same for the same id of this import."""
        digest = hashlib.sha256(f"{self._seed}\0{kind}\0{id}".encode()).digest()
        number = (self._begun_at & (2**48 - 1)) << 80 | int.from_bytes(digest[:10])
        number = number & ~(0xF << 76) | 0x7 << 76
        return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))

    def of_kind(self, entity: Value, id: Value) -> Value:
        """What a thing is called here, by what events call its kind."""
        table = self._by_entity.get(entity) if isinstance(entity, str) else None
        if table is None or not isinstance(id, str) or not self._ids:
            return id
        key = table.record.key
        column = table.record.travel.entity_column
        if column or len(key) == 1:
            return self._of_column(table, column or key[0], id)
        parts = id.split("/")
        if len(parts) != len(key):
            return id
        return "/".join(str(self._of_column(table, name, part)) for name, part in zip(key, parts, strict=True))

    def in_json(self, text: Value, path: str, table: str) -> Value:
        """JSON in which the id at a path is that of a row here; anything else is as it was."""
        if not isinstance(text, str) or not self._ids:
            return text
        try:
            document = from_json(text)
        except ValueError:
            # Whether the table takes it is for the table to say.
            return text
        *above, last = path.removeprefix("$.").split(".")
        place: Any = document
        for step in above:
            place = cast("dict[str, Any]", place).get(step) if isinstance(place, dict) else None
        if isinstance(place, dict) and last in place:
            inner = cast("dict[str, Any]", place)
            inner[last] = self.of(table, inner[last])
            return to_json(document)
        return text

    def in_payload(self, text: str) -> str:
        """The payload of an event with the ids of rows here.

        A field of its top level holds an id if it is called like a column that does: `sessionId`,
        `previousSessionId`, `fromId`.
        """
        if not self._ids:
            return text
        payload: dict[str, Any] = from_json(text)
        changed = {name: self._of_field(name, value) for name, value in payload.items()}
        return text if changed == payload else to_json(changed)

    def _of_field(self, name: str, value: Any) -> Any:
        plain = name.removeprefix(_PREVIOUS)
        names = self._by_field.get(name) or self._by_field.get(plain[:1].lower() + plain[1:], [])
        for table in names:
            renamed = self.of(table, value)
            if renamed != value:
                return renamed
        return value

    def _of_column(self, table: TravellingTable, column: str, id: str) -> Value:
        if table.id_column == column:
            return self.of(table.name, id)
        for link in table.links:
            if link.column == column and link.table:
                return self.of(link.table, id)
        return id


def read_renaming(
    export: ExportFile, tables: Mapping[str, TravellingTable], on_conflict: OnConflict, seed: str, begun_at: int
) -> Renaming:
    """What the rows of an export are to be called.

    Raises:
        ExportRefusedError: The export was changed since it was checked.
    """
    renaming = Renaming(tables, seed, begun_at)
    if on_conflict is OnConflict.RENAME:
        ids: defaultdict[str, set[str]] = defaultdict(set)
        for member in (member for unit in export.manifest.units for member in unit.members):
            column = tables[member.table].id_column if member.table in tables else None
            if column is not None and column in member.columns:
                place = member.columns.index(column)
                ids[member.table].update(id for row in export.rows(member) if isinstance(id := row[place], str))
        renaming.begin({table: frozenset(found) for table, found in ids.items()})
    return renaming
