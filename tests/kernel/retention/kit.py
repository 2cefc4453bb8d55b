"""A plugin of a third party with retention rules: errands, which are done at some time, with what belongs to each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthetic import Store, Transaction
from thirdparty.distributions import Site, introduced_with, write_plugins_toml

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
KEEP_MS = 7 * DAY_MS
NOW = 1_800_000_000_000
"""Where a `ManualClock` begins."""

RULES = """
    RetentionRule(
        name="done", purpose="Deletes errands that are done.", table="errands", age_column="done_at",
        keep_setting="keep_done_ms", condition="state <> 'OPEN'",
    ),
    RetentionRule(
        name="visits", purpose="Deletes old visits.", table="visits", age_column="made_at",
        keep_setting="keep_visits_ms",
    ),
"""

CODE = """
from dataclasses import dataclass
from synthetic import EventType, Reference, RetentionRule

ERRAND_DELETED = EventType(name="errand.deleted", entity="errand", purpose="An errand was deleted.")
PARCEL_DELETED = EventType(name="parcel.deleted", entity="parcel", purpose="A parcel was deleted.")

@dataclass(frozen=True)
class ErrandSettings:
    keep_done_ms: int | None = 7 * 86_400_000
    keep_visits_ms: int = 86_400_000
    name: str = "x"

@hookimpl
def register_settings():
    return (Settings(ErrandSettings),)

@hookimpl
def register_events():
    return (ERRAND_DELETED, PARCEL_DELETED)

@hookimpl
def register_tables():
    of_errand = Reference(column="errand_id", table="errands")
    return (
        Table(
            name="errands", purpose="Errands.", deleted=ERRAND_DELETED,
            references=(
                Reference(column="construct_id", table="constructs"),
                Reference(column="after_id", table="errands", on_delete="clear"),
            ),
        ),
        Table(name="stops", purpose="Stops.", key=("errand_id", "number"), kept="A few.", references=(of_errand,)),
        Table(name="parcels", purpose="Parcels.", kept="A few.", deleted=PARCEL_DELETED, references=(
            Reference(column="errand_id", table="stops", target="errand_id"),
        )),
        Table(name="claims", purpose="Claims.", kept="A few.", references=(
            Reference(column="errand_id", table="errands", on_delete="refuse"),
        )),
        Table(name="visits", purpose="Visits.", key=("place", "number")),
        Table(name="visit_notes", purpose="Notes.", kept="A few.", references=(
            Reference(column="place", table="visits", target="place"),
        )),
    )

@hookimpl
def register_migrations():
    return (MigrationFolder("sample_errands"),)

@hookimpl
def register_retention():
    return ({rules})
"""

MIGRATION = """
CREATE TABLE errands (
    id TEXT NOT NULL PRIMARY KEY,
    construct_id TEXT REFERENCES constructs (id),
    after_id TEXT REFERENCES errands (id),
    state TEXT NOT NULL,
    done_at INTEGER,
    created_at INTEGER NOT NULL DEFAULT 0,
    "order" TEXT
) STRICT;
CREATE INDEX errands_by_done_at ON errands (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX errands_by_after_id ON errands (after_id);
CREATE INDEX errands_by_construct_id ON errands (construct_id);
CREATE TABLE stops (
    errand_id TEXT NOT NULL REFERENCES errands (id), number INTEGER NOT NULL, PRIMARY KEY (errand_id, number)
) STRICT;
CREATE TABLE parcels (id TEXT NOT NULL PRIMARY KEY, errand_id TEXT NOT NULL REFERENCES errands (id)) STRICT;
CREATE INDEX parcels_by_errand_id ON parcels (errand_id);
CREATE TABLE claims (id TEXT NOT NULL PRIMARY KEY, errand_id TEXT NOT NULL REFERENCES errands (id)) STRICT;
CREATE INDEX claims_by_errand_id ON claims (errand_id);
CREATE TABLE visits (
    place TEXT NOT NULL, number INTEGER NOT NULL, made_at INTEGER NOT NULL, PRIMARY KEY (place, number)
) STRICT;
CREATE INDEX visits_by_made_at ON visits (made_at);
CREATE TABLE visit_notes (id TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL) STRICT;
CREATE INDEX visit_notes_by_place ON visit_notes (place);
"""


def install(site: Site, data_dir: Path, *, rules: str = RULES, migration: str = MIGRATION, settings: str = "") -> None:
    """Install the plugin, and list it in the store's `plugins.toml`, with lines of its table."""
    site.install(
        "errands",
        introduced_with(requires=("constructs",)) + CODE.replace("{rules}", rules),
        introduced=False,
        modules={"migrations/0001_errands.sql": migration},
    )
    write_plugins_toml(data_dir, {"errands": settings}, shipped=True)


def add_errands(
    store: Store, *ids: str, done_at: int | None, state: str = "DONE", stops: int = 1, parcels: int = 1, **columns: Any
) -> None:
    """Store errands, each with so many stops and parcels."""

    def add(tx: Transaction) -> None:
        for id in ids:
            row = {"id": id, "state": state, "done_at": done_at, "construct_id": None, "after_id": None, **columns}
            names = ", ".join(f'"{name}"' for name in row)
            tx.execute(f"INSERT INTO errands ({names}) VALUES ({', '.join(f':{name}' for name in row)})", row)
        tx.execute_many(
            "INSERT INTO stops VALUES (:id, :number)",
            ({"id": id, "number": number} for id in ids for number in range(stops)),
        )
        tx.execute_many(
            "INSERT INTO parcels VALUES (:key, :id)",
            ({"key": f"{id}-{number}", "id": id} for id in ids for number in range(parcels)),
        )

    store.write(add)


def keys_of(store: Store, table: str, key: str = "id") -> list[Any]:
    """The keys of all rows of a table, in order."""
    return store.read(lambda snapshot: [id for (id,) in snapshot.rows(f"SELECT {key} FROM {table} ORDER BY 1")])


def counts_of(store: Store, *tables: str) -> dict[str, int]:
    """How many rows each of the tables has."""
    return store.read(lambda snapshot: {name: snapshot.value(f"SELECT count(*) FROM {name}") for name in tables})
