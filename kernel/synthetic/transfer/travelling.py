"""`TravellingTable`: a table whose rows travel, with all that must be known of it, here and in the store's schema.

Which tables travel: those that a plugin owns and that do not stay
(`Travel.stays`), but not what folds and mirrors keep, since consumers make it
from the log again. The kernel's own tables stay, but for the events, which
have rules of their own (`history`, `arriving_events`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from synthetic.contributions import Reference, Stamped, Table
from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.json_text import from_json
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.transfer.manifest import KERNEL


class Link(NamedTuple):
    """A place in a row that holds the key of another.

    Attributes:
        column: The column.
        table: The table of the other row; empty: `kind_column` says what it is.
        target: The column there.
        strength: `owner`: the row belongs to the other. `key`: it cannot be
            stored without it. `clear`: it can, without the value. `loose`: the other need not be there.
        kind_column: The column that names what kind of thing the other is.
        path: Where the id stands in the column's JSON; empty: the column is it.
    """

    column: str
    table: str
    target: str
    strength: Literal["owner", "key", "clear", "loose"]
    kind_column: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class TravellingTable:
    """A table whose rows travel.

    Attributes:
        plugin: Whose it is.
        record: As it is registered.
        columns: All that are stored, in their order.
        numbered: The column that is its rowid, which is numbered in each store; None: there is none.
        id_column: The column that is its key, where that is text of its own; None: the key is made up otherwise.
        links: Places that hold keys of other rows.
        nullable: Columns that may be empty.
    """

    plugin: str
    record: Table
    columns: tuple[str, ...]
    numbered: str | None
    id_column: str | None
    links: tuple[Link, ...]
    nullable: frozenset[str]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.record.name

    @property
    def entity(self) -> str | None:
        """What events call a row."""
        deleted = self.record.deleted
        return self.record.travel.entity or (None if deleted is None else deleted.entity)

    @property
    def owners(self) -> tuple[Link, ...]:
        """The links to what its rows belong to."""
        return tuple(link for link in self.links if link.strength == "owner")


def list_travelling(snapshot: Snapshot) -> dict[str, TravellingTable]:
    """The tables of this store whose rows travel, by name, those first that others point at."""
    followed = _tables_of_consumers(snapshot)
    found = {
        table.record.name: _describe(snapshot, table)
        for table in list_tables(snapshot)
        if table.plugin != KERNEL
        and not table.record.travel.stays
        and not table.record.travel.evidence_of
        and table.record.name not in followed
    }
    return {name: found[name] for name in _parents_first(found)}


def list_evidence(snapshot: Snapshot) -> list[TravellingTable]:
    """The tables whose rows only bear witness."""
    return [_describe(snapshot, table) for table in list_tables(snapshot) if table.record.travel.evidence_of]


def entity_names(tables: Sequence[Stamped[Table]]) -> frozenset[str]:
    """What events call the rows of any of the tables."""
    named = {table.record.travel.entity for table in tables}
    named |= {table.record.deleted.entity for table in tables if table.record.deleted is not None}
    return frozenset(named - {""})


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _tables_of_consumers(snapshot: Snapshot) -> set[str]:
    """The tables that folds and mirrors keep, those of absent plugins too."""
    kept = {name for (text,) in snapshot.rows("SELECT tables FROM consumers") for name in from_json(text)}
    return kept | {table.name for consumer in snapshot.resource(LoadedFolds).consumers for table in consumer.tables}


def _describe(snapshot: Snapshot, table: Stamped[Table]) -> TravellingTable:
    record = table.record
    rows = snapshot.rows(
        'SELECT name, upper(type), "notnull", pk FROM pragma_table_xinfo(:name) WHERE hidden = 0 ORDER BY cid',
        {"name": record.name},
    )
    has_rowid = not snapshot.value("SELECT wr FROM pragma_table_list WHERE name = :name", {"name": record.name})
    keys = [(name, kind) for name, kind, _, place in rows if place]
    numbered = keys[0][0] if has_rowid and len(keys) == 1 and keys[0][1] == "INTEGER" else None
    links = _links(snapshot, record)
    kinds = {name: kind for name, kind, _, _ in rows}
    key = record.key[0] if len(record.key) == 1 else None
    is_own = key is not None and kinds.get(key) == "TEXT" and all(link.column != key for link in links)
    return TravellingTable(
        plugin=table.plugin,
        record=record,
        columns=tuple(name for name, *_ in rows),
        numbered=numbered,
        id_column=key if is_own else None,
        links=links,
        nullable=frozenset(name for name, _, is_required, place in rows if not is_required and not place),
    )


def _links(snapshot: Snapshot, record: Table) -> tuple[Link, ...]:
    """The declared references, the keys in the database that nobody has declared, and what `Travel` names."""
    keys = snapshot.rows(
        'SELECT "from", "table", coalesce("to", \'id\') FROM pragma_foreign_key_list(:name)', {"name": record.name}
    )
    enforced = {column for column, _, _ in keys}
    declared = tuple(
        Link(each.column, each.table, each.target, _strength(each, is_enforced=each.column in enforced))
        for each in record.references
    )
    known = {link.column for link in declared}
    undeclared = tuple(Link(column, table, target, "key") for column, table, target in keys if column not in known)
    loose = tuple(Link(each.column, each.table, "", "loose", each.kind_column, each.path) for each in record.travel.ids)
    return declared + undeclared + loose


def _strength(reference: Reference, *, is_enforced: bool) -> Literal["owner", "key", "clear", "loose"]:
    if reference.on_delete == "delete":
        return "owner"
    if not is_enforced:
        return "loose"
    return "clear" if reference.on_delete == "clear" else "key"


def _parents_first(tables: Mapping[str, TravellingTable]) -> list[str]:
    """Tables after those that they point at; in a circle, in the order of their names."""
    left, ordered = sorted(tables), list[str]()
    while left:
        free = [
            name
            for name in left
            if not any(
                link.table in left and link.table != name for link in tables[name].links if link.strength != "loose"
            )
        ]
        following = (free or left)[0]
        ordered.append(following)
        left.remove(following)
    return ordered
