"""`DeclaredConsumer`: a consumer of a loaded plugin, with what follows from its record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synthetic.consumer_contributions import Consumer, Fold, FoldInputs, Mirror
from synthetic.contributions import Stamped, Table
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import Surroundings
from synthetic.errors import PluginFailedError
from synthetic.json_text import to_json
from synthetic.log.consumers.fold_state import FoldState, FoldTable, fold_tables
from synthetic.log.consumers.shadows import definition_of, find_ties
from synthetic.log.consumers.store import Kind
from synthetic.log.events import EventFilter, filter_of


@dataclass(frozen=True, slots=True)
class DeclaredConsumer:
    """What the kernel runs.

    Attributes:
        name: As `plugin.name`.
        record: As the plugin declares it.
        tables: A fold's.
        wanted: The events that it is given.
        inputs: What it depends on beside these.
    """

    name: str
    record: Consumer
    tables: tuple[FoldTable, ...]
    wanted: EventFilter
    inputs: FoldInputs | None = None

    @property
    def kind(self) -> Kind:
        """A fold or a mirror."""
        return "FOLD" if isinstance(self.record, Fold) else "MIRROR"

    @property
    def types(self) -> str:
        """Names of the types of its events: a JSON array, empty for all."""
        return to_json(sorted(each.name for each in self.record.types or ()))

    @property
    def table_names(self) -> str:
        """Names of a fold's tables: a JSON array."""
        return to_json([table.name for table in self.tables])

    @property
    def actor(self) -> str:
        """In whose name it writes."""
        return f"consumer:{self.name}"

    def fingerprint(self, snapshot: Snapshot) -> str:
        """Changes when what it makes has to be made anew: with its version, types, records, tables and inputs.

        Args:
            snapshot: Where its tables are.
        """
        tables = [
            (table.name, table.columns, table.key, definition_of(snapshot, table.name).body) for table in self.tables
        ]
        made_of = [self.kind, self.record.version, self.types, tables]
        if self.inputs is not None:
            made_of.append(self.inputs.fingerprint)
        return hashlib.sha256(to_json(made_of).encode()).hexdigest()

    def state(self, snapshot: Snapshot, rename: Callable[[str], str] = str) -> FoldState:
        """What a fold's `apply` works on.

        Args:
            snapshot: To load rows from.
            rename: From a table's name to that of the table to use in its place.
        """
        return FoldState(self.tables, snapshot, rename, self.inputs and self.inputs.value)


def declared_consumers(
    consumers: Sequence[Stamped[Consumer]], tables: Sequence[Stamped[Table]], surroundings: Surroundings
) -> tuple[DeclaredConsumer, ...]:
    """All that are to be run.

    Args:
        consumers: Of the kernel and the loaded plugins.
        tables: That these register.
        surroundings: What the inputs of folds are made from.

    Raises:
        SyntheticError: As making the inputs of a fold raises it.
    """
    return tuple(
        DeclaredConsumer(
            name=f"{each.plugin}.{each.record.name}",
            record=each.record,
            tables=fold_tables(each.record.tables, tables, each.record.positions)
            if isinstance(each.record, Fold)
            else (),
            wanted=filter_of(each.record.types),
            inputs=_inputs_of(each.record, surroundings),
        )
        for each in consumers
    )


def _inputs_of(record: Consumer, surroundings: Surroundings) -> FoldInputs | None:
    if isinstance(record, (Fold, Mirror)) and record.inputs is not None:
        return record.inputs(surroundings)
    return None


def check_fold_tables(snapshot: Snapshot, consumers: Sequence[DeclaredConsumer]) -> None:
    """Refuse folds whose tables are not as their records say, or could not be exchanged for others.

    Args:
        snapshot: Where the tables are.
        consumers: Of any kind.

    Raises:
        PluginFailedError: There is one.
    """
    names = [table.name for consumer in consumers for table in consumer.tables]
    found: dict[str, set[str]] = {name: set() for name in names}
    for name, column in snapshot.rows(_COLUMNS, {"tables": to_json(names)}):
        found[name].add(column)
    ties = find_ties(snapshot, names)
    for consumer in consumers:
        for table in consumer.tables:
            columns, problem = found[table.name], ties.get(table.name)
            if problem is None and columns != set(table.columns):
                problem = f"has the columns ({', '.join(sorted(columns))}), which are not those of its record"
            if problem is None and table.position not in (None, *table.key):
                problem = f"has the positions of events in the column {table.position}, which is not of its key"
            if problem:
                raise PluginFailedError(
                    f"The table {table.name} of the fold {consumer.name} {problem}.",
                    action="Mend the table or the record; a migration drops the table and creates it anew.",
                    details={
                        "plugin": consumer.name.partition(".")[0],
                        "consumer": consumer.name,
                        "table": table.name,
                    },
                )


_COLUMNS = "SELECT t.value, c.name FROM json_each(:tables) AS t, pragma_table_info(t.value) AS c"


class KnownFingerprint:
    """The fingerprint of a consumer in one database.

    To read the definitions of its tables takes longer than all else that is looked at after each commit.
    """

    def __init__(self, consumer: DeclaredConsumer) -> None:
        """Of this consumer."""
        self._consumer = consumer
        self._known: tuple[int, str] | None = None

    def read(self, snapshot: Snapshot) -> str:
        """The fingerprint; computed anew when a table or an index was made or changed."""
        schema: int = snapshot.value("PRAGMA schema_version")
        known = self._known
        if known is None or known[0] != schema:
            known = self._known = schema, self._consumer.fingerprint(snapshot)
        return known[1]
