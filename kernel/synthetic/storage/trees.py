"""How large each table and index is, in a time that does not grow with the store.

`dbstat` reads every page that it counts. So of each B-tree only the first pages
are read: a small one is known exactly by then. Of a larger one they tell how
many children its inner pages have, level by level, and so about how many pages
there are in all. What the larger ones take together is known exactly again: it
is what the small ones and the free pages leave of the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Row, Snapshot
from synthetic.storage.free_pages import read_free_pages, read_page_bytes

PAGES_READ = 1_500
"""Of one B-tree at most."""

PAGES_DECODED = 8_192
"""What all of it is worth: too much for an event loop."""

POINTER_BYTES = 5
"""For each page of a file that can be made smaller, a page of pointers has so many."""


class TreeSize(NamedTuple):
    """A table without its indexes, or an index.

    Attributes:
        name: Its name.
        table: The table that it belongs to, or is.
        size_bytes: How large it is.
        is_estimate: Whether not all of it was read.
    """

    name: str
    table: str
    size_bytes: int
    is_estimate: bool


class TableSize(NamedTuple):
    """A table with its indexes.

    Attributes:
        table: Its name.
        plugin: Whose it is; None: nobody has registered it, as with the tables that a virtual one keeps.
        own: Without the indexes.
        indexes: Each of them.
    """

    table: str
    plugin: str | None
    own: TreeSize
    indexes: tuple[TreeSize, ...]

    @property
    def size_bytes(self) -> int:
        """All of it."""
        return self.own.size_bytes + sum(each.size_bytes for each in self.indexes)


class DatabaseSize(NamedTuple):
    """What is in the database file.

    Attributes:
        page_bytes: Size of a page.
        pages: How many there are.
        free_pages: How many of them hold nothing.
        tables: What the tables take, the largest first.
    """

    page_bytes: int
    pages: int
    free_pages: int
    tables: tuple[TableSize, ...]


class _Sampled(NamedTuple):
    """A B-tree, and what its first pages tell.

    Attributes:
        name, table: As of `TreeSize`.
        pages: How many were read.
        estimate: How many there are in all, about; None: all were read.
    """

    name: str
    table: str
    pages: int
    estimate: float | None


def measure_database(snapshot: Snapshot) -> DatabaseSize:
    """Measure all tables and indexes; a few hundred milliseconds at most, whatever the size of the store.

    Raises:
        SyntheticError: The store cannot be read, or the operation's time is up.
    """
    snapshot.spend(PAGES_DECODED * 4_096)
    page_bytes, free_pages = read_page_bytes(snapshot), read_free_pages(snapshot)
    pages: int = snapshot.value("SELECT page_count FROM pragma_page_count")
    names = snapshot.rows("SELECT name, tbl_name FROM sqlite_schema WHERE rootpage > 0 ORDER BY name")
    sampled = [_sample(snapshot, name, table) for name, table in [("sqlite_schema", "sqlite_schema"), *names]]
    pointer_pages = pages // (page_bytes // POINTER_BYTES + 1) + 1
    sizes = _settle(sampled, pages - free_pages - pointer_pages, page_bytes)
    owners = {each.record.name: each.plugin for each in list_tables(snapshot)}
    tables = [
        TableSize(
            own.table,
            owners.get(own.table),
            own,
            tuple(each for each in sizes if each.table == own.table and each.name != own.name),
        )
        for own in sizes
        if own.name == own.table
    ]
    tables.sort(key=lambda each: (-each.size_bytes, each.table))
    return DatabaseSize(page_bytes, pages, free_pages, tuple(tables))


def _sample(snapshot: Snapshot, name: str, table: str) -> _Sampled:
    rows = snapshot.rows(
        "SELECT path, pagetype, ncell FROM dbstat WHERE name = :name LIMIT :most", {"name": name, "most": PAGES_READ}
    )
    if len(rows) < PAGES_READ:
        return _Sampled(name, table, len(rows), None)
    return _Sampled(name, table, len(rows), max(estimate_pages(rows), float(len(rows))))


def estimate_pages(rows: Sequence[Row]) -> float:
    """How many pages a B-tree has, about, by its first ones: each a path as of `dbstat`, a type and its cells.

    The root stands at level 0, and its inner pages have one child more than cells.
    """
    children: defaultdict[int, list[int]] = defaultdict(list)
    leaves = overflows = 0
    for path, kind, cells in rows:
        if kind == "internal":
            children[str(path).count("/") - 1].append(cells + 1)
        elif kind == "leaf":
            leaves += 1
        else:
            overflows += 1
    total = pages = 1.0
    for level in range(len(children)):
        pages *= sum(children[level]) / max(1, len(children[level]))
        total += pages
    # By now `pages` is the number of leaves.
    return total + pages * overflows / max(1, leaves)


def _settle(sampled: Sequence[_Sampled], used_pages: int, page_bytes: int) -> list[TreeSize]:
    """The sizes: where they were estimated, so that all of them together are what is used."""
    left = used_pages - sum(each.pages for each in sampled if each.estimate is None)
    estimated = sum(each.estimate for each in sampled if each.estimate is not None)
    sizes: list[TreeSize] = []
    for each in sampled:
        pages = each.pages if each.estimate is None else max(each.pages, round(left * each.estimate / estimated))
        sizes.append(TreeSize(each.name, each.table, pages * page_bytes, each.estimate is not None))
    return sizes
