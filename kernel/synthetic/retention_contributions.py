"""`RetentionRule`: what plugins hand to the kernel with `register_retention`.

How rules are run is `synthetic.retention`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthetic.contributions import require, require_name, require_sentence

if TYPE_CHECKING:
    from synthetic.database.snapshot import Row
    from synthetic.database.transaction import Transaction

BATCH_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Which rows of a table go when they are old, with all that belongs to them.

    A row goes as `delete_owned` deletes one: what belongs to it first, in the
    tables of all plugins, each row with the event that its table declares. A
    row that another one refuses to lose (`Reference.on_delete`) is passed over.

    The table must have an index that gives the rows below an age in the order
    of age, those that meet the condition alone where it leaves most of them
    out: for instance on `(completed_at) WHERE completed_at IS NOT NULL`. A rule
    without one is refused when the store is opened.

    Attributes:
        name: Unique within the plugin; shown as `plugin.name`.
        purpose: One sentence: what is deleted.
        table: A table of the plugin, and not a fold's.
        age_column: The column that a row's age is counted from: an integer,
            Unix milliseconds. A row in which it is NULL never goes.
        keep_setting: The field of the plugin's settings class that says how
            long a row is kept: whole milliseconds; 0 or None: for ever.
        condition: What else must hold of a row: SQL over columns of the table,
            without parameters. It is asked in the transaction that deletes.
            A row that owns more than a transaction deletes goes in several,
            so it should not cease to hold of a row that is old enough.
        batch: Most rows of the table that one transaction deletes. It takes
            fewer where more than 500 rows would go with them, or where they
            are so large that other writes would have to wait for long.
        in_order: Rows go in the order of their key, which is one integer
            column, and a row that stays keeps all behind it: the table only
            ever loses its beginning. A row whose age lies in the future, since
            the clock was ahead, is as old as the next one behind it whose age
            does not. The age column then needs no index.
        before_delete: Called in the transaction that deletes, right before
            rows of the table go, with their keys in order: to note what will
            be gone. What it raises stops the rule.
    """

    name: str
    purpose: str
    table: str
    age_column: str
    keep_setting: str
    condition: str = ""
    batch: int = 100
    in_order: bool = False
    before_delete: Callable[[Transaction, Sequence[Row]], None] | None = None

    def __post_init__(self) -> None:
        require_name(self.name, "retention rule")
        require_sentence(self.purpose, f"purpose of {self.name}")
        for name in (self.table, self.age_column, self.keep_setting):
            require_name(name, f"what {self.name} names:")
        require(1 <= self.batch <= BATCH_MAX, f"batch of {self.name} must be from 1 to {BATCH_MAX:,}")
