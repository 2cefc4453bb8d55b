"""Looking through the rows of an export, before anything of it is written."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic.database.deletion import CONSTRUCTS
from synthetic.database.snapshot import Snapshot, Value
from synthetic.errors import ConflictError
from synthetic.transfer.archive_reading import ExportFile, refused
from synthetic.transfer.fitting import Fit
from synthetic.transfer.manifest import Member, Unit
from synthetic.transfer.policies import SAMPLES_MAX
from synthetic.transfer.travelling import TravellingTable, quoted


def check_rows(export: ExportFile, fit: Fit) -> None:
    """Refuse rows that are none of their tables, whatever else is in them.

    A row may name only a file that its unit lists, since a path that the file brings is used for nothing else.

    Raises:
        ExportRefusedError: There is one.
    """
    for unit in export.manifest.units:
        listed = {(named.table, named.path) for named in unit.files}
        for member in unit.members:
            if member.table in fit.left_out:
                continue
            table = fit.tables[member.table]
            _check_columns(table, member)
            file = table.record.travel.file
            if table.id_column is None and file is None:
                continue
            for number, row in enumerate(export.rows(member), 1):
                problem = _id_problem(table, member, unit, row)
                if file is not None and (table.name, row[member.columns.index(file.column)]) not in listed:
                    problem = "it names a file that its unit does not list"
                if problem is not None:
                    raise refused(member.name, f"line {number}: {problem}")


def _check_columns(table: TravellingTable, member: Member) -> None:
    """Refuse a member without the columns that say which row it is.

    Raises:
        ExportRefusedError: It lacks one.
    """
    needed = set(table.record.key) - {table.numbered} - set(table.record.travel.numbered)
    if table.record.travel.file is not None:
        needed.add(table.record.travel.file.column)
    if not needed <= set(member.columns):
        raise refused(member.name, f"it lacks columns that every row of {table.name} has")


def _id_problem(table: TravellingTable, member: Member, unit: Unit, row: Sequence[Value]) -> str | None:
    if table.id_column is None:
        return None
    id = row[member.columns.index(table.id_column)]
    if not isinstance(id, str):
        return "its id is no text"
    if table.name == CONSTRUCTS and id != unit.id:
        return "it is not the construct of its unit"
    return None


def find_clash(snapshot: Snapshot, export: ExportFile, fit: Fit) -> None:
    """Make sure that the store has no row of any key of the export.

    Of what belongs to no construct, or to several, it may have the same.

    Raises:
        ConflictError: It has some; the details name the first.
    """
    found: list[str] = []
    for unit in export.manifest.units:
        for member in unit.members:
            if member.table not in fit.left_out and len(found) < SAMPLES_MAX:
                found += _clashes(snapshot, export, fit.tables[member.table], member, unit)
    if found:
        raise ConflictError(
            f"The store has rows of the same key already, {found[0]} among them, so nothing was imported.",
            action="Say what is to become of them: --on-conflict SKIP, OVERWRITE or RENAME.",
            details={"keys": found[:SAMPLES_MAX]},
        )


def _clashes(snapshot: Snapshot, export: ExportFile, table: TravellingTable, member: Member, unit: Unit) -> list[str]:
    """Keys of a member that the store has too, the first of them, by the table."""
    key = table.record.key
    travel = table.record.travel
    # What this store numbers by itself says nothing of what is there, nor do references to it.
    own = {table.numbered, *travel.numbered, *travel.positions, *travel.events}
    own |= {link.column for link in table.links if link.strength == "clear"}
    own |= {link.column for link in table.links if link.target not in ("", "id")}
    own |= {travel.file.column, travel.file.state} if travel.file is not None else set()
    if own & set(key):
        return []
    is_own = unit.kind == "CONSTRUCT" and table.id_column is not None
    compared = [name for name in member.columns if name in table.columns and name not in own]
    places = [member.columns.index(name) for name in compared]
    condition = " AND ".join(f"{quoted(name)} = :{name}" for name in key)
    sql = f"SELECT {', '.join(map(quoted, compared))} FROM {table.name} WHERE {condition}"
    found: list[str] = []
    for row in export.rows(member):
        params = {name: row[member.columns.index(name)] for name in key}
        there = snapshot.row(sql, params)
        if there is not None and (is_own or list(there) != [row[place] for place in places]):
            found.append(f"{table.name} {'/'.join(map(str, params.values()))}")
            if len(found) == SAMPLES_MAX:
                break
    return found
