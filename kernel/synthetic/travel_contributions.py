"""`Travel`: what a table says of its rows' way from one store to another (export and import).

It is part of a `Table` (`register_tables`), and so of the record that the
store keeps: rows of plugins that are not loaded travel by it too. What belongs
to what is said by the table's references; here stands what these cannot say.
How rows travel is `synthetic.transfer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellingId:
    """A place in a row, other than a declared reference, that holds the key of a row.

    Where ids are made anew, the one that stands there is too; otherwise
    nothing is done with it, and the row need not be there.

    Attributes:
        column: The column.
        table: The table whose key it is; empty if `kind_column` says it.
        kind_column: The column that names what kind of thing it is, as events do in `entityType`.
        path: Where in the column's JSON it stands, as SQLite writes it, such
            as `$.plan.id`; empty: the column is the id.
        accompanies: Whether the row goes along when the one that it names is
            exported with its construct, though it does not end with it.
    """

    column: str
    table: str = ""
    kind_column: str = ""
    path: str = ""
    accompanies: bool = False

    def __post_init__(self) -> None:
        if bool(self.table) == bool(self.kind_column):
            raise ValueError(f"{self.column} must have either a table or a kind_column")
        steps = self.path.removeprefix("$.").split(".")
        if self.path and not (self.path.startswith("$.") and all(step.isidentifier() for step in steps)):
            raise ValueError(f"path of {self.column} must be names after `$`, such as $.plan.id")
        if self.accompanies and (self.path or not self.table):
            raise ValueError(f"{self.column} must be a whole column of a known table for its row to accompany another")


@dataclass(frozen=True, slots=True, kw_only=True)
class TravellingFile:
    """A file of the data directory that a row names.

    Attributes:
        column: The column with its path below the folder; a new one is written there where the file gets another.
        folder: The folder of the data directory.
        state: The column that says whether the file is there; empty: none does, and a row without its file is left out.
        present: What stands there if it is.
        missing: What stands there if it is not, as in rows that come without it. Rows that say something else are left
            out where their file does not come.
    """

    column: str
    folder: str
    state: str = ""
    present: str = ""
    missing: str = ""

    def __post_init__(self) -> None:
        if not bool(self.state) == bool(self.present) == bool(self.missing):
            raise ValueError(f"{self.column} must have state, present and missing, or none of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """How rows of a table travel; by default, as they are, with what they belong to.

    Attributes:
        stays: Why they never leave their store; empty: they may.
        evidence_of: The column with the id of what a row is about, where rows
            only bear witness: they are exported, and never imported.
        evidence_kind: The column that says what kind of thing that is, as events do in `entityType`.
        entity: What events call a row, where the table has no `deleted` that says it.
        entity_column: The column that is the `entityId` of such events; empty: the key.
        numbered: Integer columns that each store numbers by itself: a row gets the next number.
        positions: Columns with positions of the log: those of the same events in the log that they come to.
        events: Columns with ids of events.
        ids: Other places that hold keys of rows.
        file: The file that a row names.
        afterwards: A statement that is run once in the transaction in which
            rows have come, for what is made from them; it changes tables of the same plugin. A recovery
            that could not read all of the table runs it too.
    """

    stays: str = ""
    evidence_of: str = ""
    evidence_kind: str = ""
    entity: str = ""
    entity_column: str = ""
    numbered: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    ids: tuple[TravellingId, ...] = ()
    file: TravellingFile | None = None
    afterwards: str = ""

    def __post_init__(self) -> None:
        if bool(self.evidence_of) != bool(self.evidence_kind):
            raise ValueError("evidence_of and evidence_kind must be given together")

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """As it stands in the store's record of a table."""
        values = dict(record)
        for name in ("numbered", "positions", "events"):
            values[name] = tuple(record[name])
        values["ids"] = tuple(TravellingId(**each) for each in record["ids"])
        values["file"] = None if record["file"] is None else TravellingFile(**record["file"])
        return cls(**values)
