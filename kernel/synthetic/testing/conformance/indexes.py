"""Checks of plans: what is asked often, and what is deleted, costs no more the more rows there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import apsw

from synthetic.contributions import Stamped
from synthetic.database.preparation import ConnectionRole, PreparedConnection
from synthetic.database.transaction import Snapshot
from synthetic.registry import Registry
from synthetic.retention.rules import RetentionRules
from synthetic.store import Store
from synthetic.testing.conformance.documents import documents_of
from synthetic.testing.conformance.records import NothingToCheckError
from synthetic.testing.conformance.subject import PluginUnderTest

PARAMETER = re.compile(r"[:@$](\w+)")
READS = ("SELECT", "WITH")
SORT = "USE TEMP B-TREE FOR ORDER BY"
VIRTUAL = "VIRTUAL TABLE"


def queries_use_indexes(subject: PluginUnderTest) -> Iterator[str]:
    """Each list of its fields, in each order, by pages; each entity by its id; its fields on types of others."""
    directory = subject.copy_of(subject.filled)
    statements: dict[str, str] = {}
    asked = 0
    with subject.opened(directory, _traced(subject.alone, statements)) as store:
        for document in documents_of(store, subject):
            statements["document"] = document
            store.graphql(document)
            asked += 1
        statements.pop("document", None)
        if not asked:
            raise NothingToCheckError("The plugin has no queries, and no fields on types of others.")
        tables = {name for name, table in subject.tables.items() if not table.is_small}
        found: dict[str, str] = {}
        for sql, document in statements.items():
            for problem in store.read(find_costly, sql, tables):
                found.setdefault(problem, document)
    subject.notes.append(f"{asked} operations were asked, which read by {len(statements)} statements.")
    yield from (f"{problem} Asked by: {document}" for problem, document in found.items())


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


def find_costly(snapshot: Snapshot, sql: str, tables: set[str]) -> list[str]:
    """What in the plan of a statement reads some tables further than a page, as sentences.

    A whole table may be gone through in the order of the answer as long as a
    LIMIT ends it; what is sorted has to be read to its end first. How a virtual
    table finds its rows is its own business.

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
    found: list[str] = []
    for step in plan:
        verb, _, rest = step.detail.partition(" ")
        table = aliases.get(rest.partition(" ")[0])
        if table is None or verb != "SCAN" or VIRTUAL in rest:
            continue
        if step.parent in sorted_levels or (" USING " not in rest and (sorted_levels or not is_limited)):
            found.append(f"The table {table} is read from end to end ({step.detail}) by: {_short(sql)}.")
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
