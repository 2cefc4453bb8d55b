"""Checks of plans: what is asked often, and what is deleted, costs no more the more rows there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import apsw

from synthetic.contributions import Stamped
from synthetic.database.preparation import ConnectionRole, PreparedConnection
from synthetic.database.snapshot import Snapshot
from synthetic.registry import Registry
from synthetic.retention.rules import RetentionRules
from synthetic.store import Store
from synthetic.testing.conformance.answering import listening
from synthetic.testing.conformance.documents import documents_of, filters_of
from synthetic.testing.conformance.records import NothingToCheckError
from synthetic.testing.conformance.subject import PluginUnderTest

PARAMETER = re.compile(r"[:@$](\w+)")
WHERE = re.compile(r"\bWHERE\b", re.IGNORECASE)
READS = ("SELECT", "WITH")
SORT = "USE TEMP B-TREE FOR ORDER BY"
VIRTUAL = "VIRTUAL TABLE"


def queries_use_indexes(subject: PluginUnderTest) -> Iterator[str]:
    """Each list of its fields, in each order, and by each filter; each entity by its id; its fields on others."""
    directory = subject.copy_of(subject.filled)
    statements: dict[str, str] = {}
    with subject.opened(directory, _traced(subject.alone, statements)) as store:
        filters = {document: by for by, document in filters_of(store, subject)}
        asked = [*documents_of(store, subject), *filters]
        with listening():  # whether they are answered is seen by a check of its own
            for document in asked:
                statements["document"] = document
                store.graphql(document)
        statements.pop("document", None)
        if not asked:
            raise NothingToCheckError("The plugin has no queries, and no fields on types of others.")
        tables = {name for name, table in subject.tables.items() if not table.is_small}
        found: dict[str, str] = {}
        walks: dict[str, str] = {}
        for sql, document in statements.items():
            scans = store.read(find_scans, sql, tables)
            for scan in scans:
                if scan.is_costly:
                    found.setdefault(str(scan), document)
                elif document in filters and WHERE.search(sql):
                    walks.setdefault(filters[document], str(scan))
    subject.notes.append(f"{len(asked)} operations were asked, which read by {len(statements)} statements.")
    yield from (f"{problem} Asked by: {document}" for problem, document in found.items())
    yield from _walks(subject, walks)


def _walks(subject: PluginUnderTest, walks: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with filters by which a list is gone through until a page is full, to its end if need be."""
    for by, scan in walks.items():
        said = f"No index serves {by}. {scan}"
        if subject.walks is None:
            subject.notes.append(said)
        elif by not in subject.walks:
            yield f"{said} Make an index of it and of the list's order, or name it in `walks`."
    for by in sorted({*(subject.walks or ())} - walks.keys()):
        yield f"`walks` names {by}, which is no filter without an index."


def _traced(registry: Registry, statements: dict[str, str]) -> Registry:
    """The registry, with connections that note which statement reads for which document."""

    def note(event: Mapping[str, str]) -> None:
        sql = event["sql"]
        if sql.startswith(READS) and "document" in statements:
            statements.setdefault(sql, statements["document"])

    def follow(connection: PreparedConnection, role: ConnectionRole) -> None:
        if role != "writer":
            raw: Any = connection._connection  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            raw.trace_v2(apsw.SQLITE_TRACE_STMT, note)

    return replace(registry, connection_preparers=(*registry.connection_preparers, Stamped("kernel", follow)))


class Scan(NamedTuple):
    """A place in the plan of a statement where a table is gone through.

    Attributes:
        table: Which.
        step: As the plan says it.
        sql: The statement.
        is_costly: Whether all of it is read before the answer is known; else a LIMIT ends it, in the answer's order.
    """

    table: str
    step: str
    sql: str
    is_costly: bool

    def __str__(self) -> str:
        return f"The table {self.table} is read from end to end ({self.step}) by: {_short(self.sql)}."


def find_scans(snapshot: Snapshot, sql: str, tables: set[str]) -> list[Scan]:
    """Where a statement goes through some tables.

    What is sorted has to be read to its end first. How a virtual table finds
    its rows is its own business.

    Args:
        snapshot: To ask for the plan in.
        sql: The statement.
        tables: Whose reading counts.
    """
    aliases = {name: table for table in tables for name in _names_in(sql, table)}
    if not aliases:
        return []
    plan = _plan_of(snapshot, sql)
    sorted_levels = {step.parent for step in plan if step.detail.startswith(SORT)}
    is_limited = re.search(r"\bLIMIT\b", sql) is not None
    found: list[Scan] = []
    for step in plan:
        verb, _, rest = step.detail.partition(" ")
        table = aliases.get(rest.partition(" ")[0])
        if table is None or verb != "SCAN" or VIRTUAL in rest:
            continue
        is_costly = step.parent in sorted_levels or (" USING " not in rest and (bool(sorted_levels) or not is_limited))
        found.append(Scan(table, step.detail, sql, is_costly))
    return found


def _names_in(sql: str, table: str) -> list[str]:
    """What a table is called in a statement that reads from it, in the words of a plan."""
    pattern = rf'(?:FROM|JOIN|,)\s+"?{table}"?(?:\s+(?:AS\s+)?(?!WHERE|ORDER|JOIN|LEFT|ON|LIMIT|GROUP|INDEXED)(\w+))?'
    return [match[1] or table for match in re.finditer(pattern, sql, re.IGNORECASE)]


class _Step(NamedTuple):
    """A line of a plan; those of one query or subquery have the same parent."""

    parent: int
    detail: str


def _plan_of(snapshot: Snapshot, sql: str) -> list[_Step]:
    # A plan does not depend on values, only on which parameters there are.
    params = dict.fromkeys(PARAMETER.findall(sql))
    return [_Step(parent, detail) for _, parent, _, detail in snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", params)]


def _short(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= 200 else f"{text[:197]}..."


def deletions_use_indexes(subject: PluginUnderTest) -> Iterator[str]:
    """Retention finds old rows in the order of their age; rows that belong to another are found by an index."""
    tables = subject.require_tables()
    with subject.opened(subject.new_directory("empty")) as store:
        # The rules were looked at when the store was opened, which refuses one without its index.
        rules = store.read(lambda snapshot: list(snapshot.resource(RetentionRules).rules.values()))
        subject.notes += [f"The rule {rule.name} has its index." for rule in rules if rule.plugin == subject.name]
        for name, table in tables.items():
            if not table.is_small:
                yield from _unindexed(store, name, [reference.column for reference in table.references])


def _unindexed(store: Store, table: str, columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        plan = store.read(_plan_of, f'SELECT 1 FROM "{table}" WHERE "{column}" = :key')
        if not any(step.detail.startswith("SEARCH ") for step in plan):
            yield (
                f"No index of {table} begins with {column}: whatever it points at can be deleted only by reading the"
                " whole table."
            )
