"""Importing an export: unit by unit, each in one transaction, and what was done is known afterwards.

A crash between two units leaves what is complete, and the next import of the
same file goes on behind it. A crash within one leaves nothing of it but files
that no row names, which the plugin whose they are removes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from synthetic.database.deletion import CONSTRUCTS
from synthetic.database.snapshot import Snapshot, Value
from synthetic.database.transaction import Transaction
from synthetic.errors import SyntheticError
from synthetic.faults import crash_point
from synthetic.transfer.archive_reading import ExportFile
from synthetic.transfer.arriving_events import ArrivingEvents
from synthetic.transfer.arriving_files import ArrivingFiles, require_folders
from synthetic.transfer.arriving_rows import ArrivingRows, ClashError
from synthetic.transfer.fitting import Fit, check_room, find_fit
from synthetic.transfer.ledger import Begun, abandon_import, begin_import, end_import, note_unit, require_turn
from synthetic.transfer.manifest import Member, Unit
from synthetic.transfer.overwriting import delete_before
from synthetic.transfer.policies import OnConflict, UnitOutcome
from synthetic.transfer.renaming import Renaming, read_renaming
from synthetic.transfer.row_checks import check_rows, find_clash
from synthetic.transfer.travelling import TravellingTable
from synthetic.transfer.waiting_references import set_waiting

if TYPE_CHECKING:
    from synthetic.store import Store

_TRIAL = ""
"""What a trial is called in the store, as long as it lasts."""


class _TakenBackError(Exception):
    """A trial is over, and all that it did is to be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """How an export is to be imported.

    Attributes:
        on_conflict: What becomes of what is there already.
        without: Plugins whose rows and events are left out.
        is_trial: Whether all is done, and taken back.
        is_restart: Whether an import of the same file that is not complete is forgotten; what it has brought is then
            there as anything else.
    """

    on_conflict: OnConflict
    without: Collection[str] = ()
    is_trial: bool = False
    is_restart: bool = False


def import_export(
    store: Store,
    export: ExportFile,
    request: ImportRequest,
    advance: Callable[[UnitOutcome], None],
    is_stopped: Callable[[], None],
) -> list[UnitOutcome]:
    """Import an export.

    Args:
        store: Where to.
        export: Checked.
        request: How.
        advance: Told of each unit.
        is_stopped: Asked between units and pieces of files; raises to stop there.

    Returns:
        What came of each unit, those too that an import before this one has brought.

    Raises:
        ExportRefusedError, ExportTooNewError: It cannot be imported here; nothing was written.
        ConflictError: Something is there already, and is not to be passed over. Nothing was written, unless what
            clashes is no key: then the constructs before it are there, and the import can be gone on with, or begun
            anew. Or the same file is being imported.
        StorageFullError: There is not enough room.
    """
    fit = store.read(find_fit, export.manifest, request.without)
    check_rows(export, fit)
    root = store.kernel.directory.path
    if export.manifest.files:
        store.read(require_folders, root, fit.tables)
    check_room(export, root)
    run = _Import(store, export, fit, request, root)
    if request.is_trial:
        return run.try_out(advance, is_stopped)
    return run.carry_out(advance, is_stopped)


class _Import:
    """One import."""

    def __init__(self, store: Store, export: ExportFile, fit: Fit, request: ImportRequest, root: Path) -> None:
        self._store = store
        self._export = export
        self._fit = fit
        self._policy = request.on_conflict
        self._without = sorted(set(request.without))
        self._is_restart = request.is_restart
        self._seed = ""
        self._root = root

    def carry_out(self, advance: Callable[[UnitOutcome], None], is_stopped: Callable[[], None]) -> list[UnitOutcome]:
        """Import what is not there yet."""
        store, export = self._store, self._export
        self._require_no_clash()
        begun = store.write(partial(begin_import, is_restart=self._is_restart), export.id, self._policy, self._without)
        crash_point("import.begun")
        try:
            return self._go_on(begun, advance, is_stopped)
        except Exception:
            # What has brought nothing is no import to go on with; what broke it off says more than what this may meet.
            with contextlib.suppress(SyntheticError):
                store.write(abandon_import, export.id, begun.seed)
            raise

    def _require_no_clash(self) -> None:
        """Where nothing may be there already, make sure that nothing is; what this import has brought before is.

        Raises:
            ConflictError: Something is.
        """
        if self._policy is not OnConflict.FAIL:
            return
        begun = {"id": self._export.id}
        known = self._store.read(lambda snapshot: snapshot.row("SELECT 1 FROM imports WHERE id = :id", begun))
        if known is None or self._is_restart:
            self._store.read(find_clash, self._export, self._fit)

    def _go_on(
        self, begun: Begun, advance: Callable[[UnitOutcome], None], is_stopped: Callable[[], None]
    ) -> list[UnitOutcome]:
        store, export = self._store, self._export
        self._seed = begun.seed
        renaming = read_renaming(export, self._fit.tables, self._policy, begun.seed, begun.begun_at)
        outcomes = {outcome.unit: outcome for outcome in begun.done}
        for unit in export.manifest.units:
            if unit.number in outcomes:
                continue
            is_stopped()
            outcomes[unit.number] = self._import_unit(unit, renaming, is_stopped)
            crash_point("import.unit_stored")
            advance(outcomes[unit.number])
        return store.write(self._end, outcomes)

    def _end(self, tx: Transaction, outcomes: Mapping[int, UnitOutcome]) -> list[UnitOutcome]:
        """Set what has waited for units that came later, and forget the import; what came of each unit in the end."""
        settled = {
            number: msgspec.structs.replace(outcome, cleared=dict(outcome.cleared))
            for number, outcome in sorted(outcomes.items())
        }
        set_waiting(tx, self._export.id, settled)
        end_import(tx, self._export.id)
        return list(settled.values())

    def try_out(self, advance: Callable[[UnitOutcome], None], is_stopped: Callable[[], None]) -> list[UnitOutcome]:
        """Do all of it in one transaction, which is taken back."""
        self._require_no_clash()
        renaming = read_renaming(self._export, self._fit.tables, self._policy, "", 0)
        outcomes: list[UnitOutcome] = []

        def run(tx: Transaction) -> None:
            outcomes.clear()
            for unit in self._export.manifest.units:
                is_stopped()
                outcomes.append(self._try_unit(tx, unit, renaming))
                advance(outcomes[-1])
            set_waiting(tx, _TRIAL, {outcome.unit: outcome for outcome in outcomes})
            raise _TakenBackError

        try:
            self._store.write(run)
        except _TakenBackError:
            return outcomes
        raise AssertionError("unreachable")

    def _try_unit(self, tx: Transaction, unit: Unit, renaming: Renaming) -> UnitOutcome:
        if self._stands_in_the_way(tx, unit):
            return self._skipped(unit, "The construct is there already.")
        outcome = self._begin(unit, renaming)
        files = ArrivingFiles(self._root, self._fit.tables, renaming)
        files.place(tx, self._without_left_out(unit), outcome)
        self._bring(tx, _TRIAL, unit, renaming, files, outcome)
        return outcome

    def _import_unit(self, unit: Unit, renaming: Renaming, is_stopped: Callable[[], None]) -> UnitOutcome:
        """Import one unit, or pass it over."""
        files = ArrivingFiles(self._root, self._fit.tables, renaming)
        if self._store.read(self._stands_in_the_way, unit):
            return self._pass_over(unit, "The construct is there already.")
        draft = self._begin(unit, renaming)
        self._store.read(files.place, self._without_left_out(unit), draft)
        files.write(self._export, is_stopped)
        crash_point("import.files_written")

        def run(tx: Transaction) -> UnitOutcome:
            require_turn(tx, self._export.id, self._seed, unit.number)
            outcome = self._begin(unit, renaming)
            outcome.files, outcome.missing_files = draft.files, draft.missing_files
            self._bring(tx, self._export.id, unit, renaming, files, outcome)
            note_unit(tx, self._export.id, outcome)
            return outcome

        try:
            return self._store.write(run)
        except ClashError as error:
            files.discard()
            if self._policy is not OnConflict.SKIP:
                raise
            return self._pass_over(unit, str(error))
        except BaseException:
            files.discard()
            raise

    def _bring(
        self,
        tx: Transaction,
        import_id: str,
        unit: Unit,
        renaming: Renaming,
        files: ArrivingFiles,
        outcome: UnitOutcome,
    ) -> None:
        """Store the rows and events of a unit."""
        if unit.id is not None and self._policy is OnConflict.OVERWRITE:
            delete_before(tx, import_id, outcome)
        rows = ArrivingRows(tx, self._fit.tables, renaming, self._policy, outcome, files, import_id)
        members = {member.table: member for member in unit.members if member.table not in self._fit.left_out}
        late = _bound_to_events(self._fit.tables)
        ordered = [table for name, table in self._fit.tables.items() if name in members]
        for table in ordered:
            if table.name not in late:
                self._store_member(rows, table, members[table.name])
        events = ArrivingEvents(tx, renaming)
        if unit.events is not None:
            told = (event for event in self._records(unit.events) if event["module"] not in self._without)
            events.append(told, rows.untold)
        outcome.events, outcome.events_again = events.count, events.again
        rows.positions, rows.event_ids = events.positions, events.ids
        for table in ordered:
            if table.name in late:
                self._store_member(rows, table, members[table.name])
        set_waiting(tx, import_id, {unit.number: outcome}, unit.number)
        for name in outcome.rows:
            if self._fit.tables[name].record.travel.afterwards:
                tx.execute(self._fit.tables[name].record.travel.afterwards)

    def _store_member(self, rows: ArrivingRows, table: TravellingTable, member: Member) -> None:
        shared = [column for column in member.columns if column in table.columns]
        for record in self._records(member):
            rows.store(table, {column: record[column] for column in shared}, member.name)
        rows.finish(table)

    def _records(self, member: Member) -> Iterator[dict[str, Value]]:
        return (dict(zip(member.columns, row, strict=True)) for row in self._export.rows(member))

    def _stands_in_the_way(self, snapshot: Snapshot, unit: Unit) -> bool:
        """Whether a construct is to be passed over, since the store has one of its id."""
        if unit.id is None or self._policy is not OnConflict.SKIP:
            return False
        return snapshot.row(f"SELECT 1 FROM {CONSTRUCTS} WHERE id = :id", {"id": unit.id}) is not None

    def _begin(self, unit: Unit, renaming: Renaming) -> UnitOutcome:
        new_id = None if unit.id is None else str(renaming.of(CONSTRUCTS, unit.id))
        return UnitOutcome(unit=unit.number, kind=unit.kind, id=unit.id, new_id=None if new_id == unit.id else new_id)

    def _skipped(self, unit: Unit, reason: str) -> UnitOutcome:
        return UnitOutcome(unit=unit.number, kind=unit.kind, id=unit.id, outcome="SKIPPED", reason=reason)

    def _pass_over(self, unit: Unit, reason: str) -> UnitOutcome:
        outcome = self._skipped(unit, reason)

        def note(tx: Transaction) -> None:
            require_turn(tx, self._export.id, self._seed, unit.number)
            note_unit(tx, self._export.id, outcome)

        self._store.write(note)
        return outcome

    def _without_left_out(self, unit: Unit) -> Unit:
        """A unit with the files alone of tables that are not left out."""
        files = tuple(file for file in unit.files if file.table not in self._fit.left_out)
        return Unit(
            number=unit.number, kind=unit.kind, id=unit.id, members=unit.members, events=unit.events, files=files
        )


def _bound_to_events(tables: Mapping[str, TravellingTable]) -> set[str]:
    """The tables whose rows need to know the positions or ids of events, and those that point at them."""
    found: set[str] = set()
    for name, table in tables.items():
        travel = table.record.travel
        needs = any(link.table in found for link in table.links if link.strength != "loose")
        if travel.positions or travel.events or needs:
            found.add(name)
    return found
