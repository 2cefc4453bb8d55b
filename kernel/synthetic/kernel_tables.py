"""The tables of the kernel itself, with the same kind of records as those of plugins."""

from __future__ import annotations

from synthetic.contributions import Reference, Table

KERNEL_TABLES = (
    Table(name="meta", purpose="Facts about the store.", key=("key",), kept="A handful of rows."),
    Table(
        name="schema_migrations",
        purpose="Which migrations were applied, and when.",
        key=("plugin", "number"),
        kept="One row a migration; the history must be whole.",
    ),
    Table(
        name="registered_tables",
        purpose="Who owns which table, for plugins that are not installed any more.",
        key=("name",),
        kept="One row a table.",
    ),
    Table(
        name="domain_events",
        purpose="The log of what happened.",
        key=("position",),
        kept="Ranges past `kernel.events.keep_ms` move to the archive.",
    ),
    Table(name="consumers", purpose="Who follows the log, and how far.", key=("name",), kept="One row a consumer."),
    Table(
        name="set_aside_events",
        purpose="Events that a consumer could not work with, and went on without.",
        key=("consumer", "position", "entity_type", "entity_id"),
        kept="Until the consumer is rebuilt; a bounded number of each.",
    ),
    Table(
        name="log_segments",
        purpose="Ranges of the log that are in the archive.",
        key=("first_position",),
        kept="One row a file of the archive.",
    ),
    Table(name="sync_state", purpose="Which module is in what state.", key=("module",), kept="One row a module."),
    Table(
        name="sync_attempts",
        purpose="The last attempts of each module.",
        key=("module", "number"),
        kept="The last 100 of each module.",
    ),
    Table(
        name="drift_checks",
        purpose="What came of comparing each fold with the log.",
        key=("consumer",),
        kept="One row a fold.",
    ),
    Table(
        name="drift_rows",
        purpose="Rows of folds that differ from what the log makes of them.",
        key=("consumer", "table_name", "row_key"),
        kept="Until the fold is rebuilt; a bounded number of each.",
    ),
    Table(
        name="event_origins",
        purpose="Where imported events were in the log of the store that they come from.",
        key=("position",),
        kept="One row for each imported event, also once that is in the archive.",
    ),
    Table(
        name="imports",
        purpose="Imports that are not complete.",
        kept="One row for each; it goes when the import is complete.",
    ),
    Table(
        name="imported_units",
        purpose="What imports that are not complete have brought so far.",
        key=("import_id", "unit"),
        references=(Reference(column="import_id", table="imports"),),
        kept="They go with their import.",
    ),
    Table(
        name="imported_references",
        purpose="Columns that are empty until what they name has come with an import that is not complete.",
        key=("import_id", "table_name", "row_key", "column_name"),
        kept="They go with their import.",
    ),
    Table(name="tokens", purpose="Hashes of the tokens that open the store.", kept="Made by people, a few."),
    Table(name="leases", purpose="Which process does the background work.", key=("name",), kept="One row."),
)
