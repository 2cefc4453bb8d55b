"""Which rows go into which unit of an export, and what is learnt of them on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from synthetic.database.snapshot import Row
from synthetic.transfer.travelling import Link, TravellingTable


class LinkRows:
    """Rows that belong to more than one unit, such as a relationship between two constructs; each once."""

    def __init__(self) -> None:
        self._rows: defaultdict[str, dict[Row, Row]] = defaultdict(dict)

    def add(self, table: TravellingTable, row: Row) -> None:
        """Keep a row for the unit that comes last."""
        key = tuple(row[table.columns.index(name)] for name in table.record.key)
        self._rows[table.name][key] = row

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table, in the order in which they were found."""
        return iter(self._rows[table].values())


class ExportUnit:
    """What one unit holds.

    Attributes:
        entities: What events call its rows: from the type to the ids.
        paths: The files that its rows name, with the table.
        held: What references may name of its rows: from table and column to the values.
    """

    def __init__(
        self,
        tables: Mapping[str, TravellingTable],
        links: LinkRows | None,
        workspace: ExportUnit | None,
        *,
        is_workspace: bool,
    ) -> None:
        """Begin one.

        Args:
            tables: All that travel, those first that others point at.
            links: Where rows go that belong to other units too; None: this is the unit for them.
            workspace: The unit of what belongs to no construct, which comes before; None: there is none.
            is_workspace: Whether it is the unit of what belongs to no construct: it comes first, so
                none of its rows may need one that comes later.
        """
        self._links = links
        # What may be emptied stays with its construct: it is set when the other construct is there, too.
        self._strengths = ("owner", "key", "clear") if is_workspace else ("owner", "key")
        self._wanted = {(link.table, link.target) for table in tables.values() for link in table.links if link.target}
        self._workspace = workspace
        self.held: defaultdict[tuple[str, str], set[object]] = defaultdict(set)
        self.entities: defaultdict[str, list[str]] = defaultdict(list)
        self.paths: list[tuple[TravellingTable, str]] = []

    def own_rows(self, table: TravellingTable, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows that belong to this unit alone; the others go where the links are."""
        places = {name: place for place, name in enumerate(table.columns)}
        needs = [
            (places[link.column], self.held[link.table, link.target], self._held_before(link))
            for link in table.links
            if link.strength in self._strengths and link.table != table.name
        ]
        held = [(places[column], self.held[name, column]) for name, column in self._wanted if name == table.name]
        for row in rows:
            if self._links is not None and any(
                row[place] is not None and row[place] not in ids and row[place] not in before
                for place, ids, before in needs
            ):
                self._links.add(table, row)
                continue
            for place, ids in held:
                ids.add(row[place])
            self._note(table, row, places)
            yield row

    def _held_before(self, link: Link) -> Collection[object]:
        """The keys that a link may name of rows that come before the unit."""
        return frozenset() if self._workspace is None else self._workspace.held[link.table, link.target]

    def _note(self, table: TravellingTable, row: Row, places: Mapping[str, int]) -> None:
        travel = table.record.travel
        if table.entity is not None:
            columns = (travel.entity_column,) if travel.entity_column else table.record.key
            self.entities[table.entity].append("/".join(str(row[places[column]]) for column in columns))
        if travel.file is not None:
            self.paths.append((table, str(row[places[travel.file.column]])))
