"""Check of upgrades: rows of earlier versions come through the migrations that are newer.

Stores of earlier versions are not at hand. So they are made: the plugin's
tables as its first migrations leave them, with the rows that it has now, as
far as the tables had their columns then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from synthetic.consumer_contributions import Fold
from synthetic.database.migrations import Migration, read_migrations
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.errors import SyntheticError
from synthetic.log.consumers.shadows import remove_given_up
from synthetic.plugins.purge import purge_plugin
from synthetic.testing.conformance.migrating import row_counts
from synthetic.testing.conformance.records import NothingToCheckError, explain
from synthetic.testing.conformance.subject import PluginUnderTest
from synthetic.testing.snapshots import ddl_of

ASIDE = "aside__"
"""What the names of tables begin with that hold rows while their tables are made anew."""


def upgrades_keep_rows(subject: PluginUnderTest) -> Iterator[str]:
    """From each earlier migration on, rows and all; the tables are the same in the end, and lose no row."""
    line = [each for each in read_migrations(subject.alone.migrations) if each.plugin == subject.name]
    if len(line) < 2:
        raise NothingToCheckError("The plugin has one migration, or none: nothing comes before it.")
    folded = {name for each in subject.own(subject.alone.consumers) if isinstance(each, Fold) for name in each.tables}
    with subject.opened(subject.copy_of(subject.filled)) as store:
        plain = store.read(_plain_tables, sorted(subject.tables.keys() - folded))
        rows = row_counts(store, plain)
        wanted = ddl_of(store, plain)
    if not any(rows.values()):
        raise NothingToCheckError("The tables of the plugin are empty: `fill` can make rows.")
    for last, following in pairwise(line):
        yield from _upgraded(subject, line[: last.number], following, plain, wanted)


def _upgraded(
    subject: PluginUnderTest, line: Sequence[Migration], following: Migration, plain: Sequence[str], wanted: str
) -> Iterator[str]:
    """What is wrong when a store that ends with a migration gets those from the following on."""
    directory = subject.copy_of(subject.filled)
    with subject.opened(directory, subject.without) as store:
        try:
            store.write(_go_back, subject.name, line, plain)
        except SyntheticError as error:
            subject.notes.append(f"No store as {line[-1]} left it could be made: {explain(error)}")
            return
        before = row_counts(store, store.read(_plain_tables, plain))
    try:
        with subject.opened(directory) as store:
            after = row_counts(store, store.read(_plain_tables, sorted(before)))
            made = ddl_of(store, plain)
    except SyntheticError as error:
        yield f"A store with rows, as {line[-1]} left it, cannot be brought past that: {explain(error)}"
        return
    for name, rows in before.items():
        if after.get(name, rows) < rows:
            yield f"Of {rows} rows of {name}, {after[name]} are left after {following} and what follows it."
    if made != wanted:
        yield f"{following} and what follows it make other tables where {line[-1]} has left rows than in a new store."
    subject.forget(directory)


def _plain_tables(snapshot: Snapshot, names: Sequence[str]) -> tuple[str, ...]:
    """Those of some tables that are there and are no virtual ones, which their plugin fills."""
    sql = "SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = :name AND type = 'table'"
    return tuple(name for name in names if snapshot.value(sql, {"name": name}) is not None)


def _go_back(tx: Transaction, plugin: str, line: Sequence[Migration], plain: Sequence[str]) -> None:
    """Make a plugin's tables as some migrations leave them, with its rows as far as they had the columns then."""
    # Names that are registered hold lower-case words alone (`Table` sees to that), so they cannot end the quotes.
    registered = tx.rows("SELECT name, record FROM registered_tables WHERE plugin = :plugin", {"plugin": plugin})
    for name in plain:
        tx.execute(f'CREATE TABLE "{ASIDE}{name}" AS SELECT * FROM "{name}"')
    dropped = [each.name for each in purge_plugin(tx, plugin)]
    while remove_given_up(tx):  # tables that a rebuild has replaced
        pass
    for each in line:
        tx.execute(each.sql)
        tx.execute(
            "INSERT INTO schema_migrations (plugin, number, name, checksum, applied_at, applied_by)"
            " VALUES (:plugin, :number, :name, :checksum, :now, 'conformance')",
            {"plugin": plugin, "number": each.number, "name": each.name, "checksum": each.checksum, "now": tx.now},
        )
    for name, record in registered:
        if _columns_of(tx, name):
            values = {"name": name, "plugin": plugin, "record": record}
            tx.execute("INSERT INTO registered_tables (name, plugin, record) VALUES (:name, :plugin, :record)", values)
    for name in reversed(dropped):  # what is pointed at comes first
        if name in plain:
            _put_back(tx, name)


def _put_back(tx: Transaction, table: str) -> None:
    """Put the rows of a table in that were set aside, less those that it refused when it was so."""
    columns = _columns_of(tx, table)
    common = ", ".join(f'"{name}"' for name in _columns_of(tx, f"{ASIDE}{table}") if name in columns)
    if common:
        tx.execute(f'INSERT OR IGNORE INTO "{table}" ({common}) SELECT {common} FROM "{ASIDE}{table}"')
    tx.execute(f'DROP TABLE "{ASIDE}{table}"')


def _columns_of(snapshot: Snapshot, table: str) -> tuple[str, ...]:
    rows = snapshot.rows("SELECT name FROM pragma_table_info(:table)", {"table": table})
    return tuple(name for (name,) in rows)
