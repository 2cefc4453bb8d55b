"""What the kernel itself answers over GraphQL: `health`, and what stands in the `fields` of its folders."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import apsw
import strawberry

from synthetic.backups import fields as backup_fields
from synthetic.checks import fields as check_fields
from synthetic.contributions import Extension, GraphQL
from synthetic.database.snapshot import Snapshot
from synthetic.graphql.fields import query
from synthetic.graphql.scalars import DateTime
from synthetic.loaded_kernel import LoadedKernel
from synthetic.log import event_fields
from synthetic.log.drift import fields as drift_fields
from synthetic.log.lineage import fields as lineage_fields
from synthetic.log.sync import fields as sync_fields
from synthetic.log.sync.types import ModuleSyncStatus
from synthetic.plugins import fields as plugin_fields
from synthetic.retention.fields import run_retention
from synthetic.security import fields as security_fields
from synthetic.services.hanging import HangingWork
from synthetic.storage.fields import storage


@strawberry.type(description="Background work that does not come to the end of a turn.")
class HangingService:
    """A line of `Health.hanging`."""

    name: str = strawberry.field(description="The service or consumer, as PLUGIN.NAME.")
    seconds: float = strawberry.field(description="For how long it has been at its turn.")


@strawberry.type(description="The process that answers, and the store behind it.")
class Health:
    """Answer of `health`."""

    version: str = strawberry.field(description="Version of Synthetic.")
    sqlite_version: str = strawberry.field(description="Version of the SQLite library.")
    started_at: DateTime = strawberry.field(description="When this process opened the store.")
    now: DateTime = strawberry.field(description="The store's time of this answer.")
    hanging: list[HangingService] = strawberry.field(
        description="Services and consumers of this process that have been at one turn for more than a minute."
    )


@query
def health(snapshot: Snapshot) -> Health:
    """Whether the store answers, and which versions run."""
    kernel = snapshot.resource(LoadedKernel)
    return Health(
        version=kernel.version,
        sqlite_version=apsw.sqlite_lib_version(),
        started_at=DateTime(kernel.started_at),
        now=DateTime(snapshot.now),
        hanging=[HangingService(name=each.name, seconds=each.seconds) for each in snapshot.resource(HangingWork).found],
    )


KERNEL_GRAPHQL = GraphQL(
    queries=(
        health,
        plugin_fields.plugins,
        security_fields.viewer,
        event_fields.event,
        event_fields.events,
        lineage_fields.lineage,
        sync_fields.sync_status,
        check_fields.integrity,
        storage,
        backup_fields.backups,
    ),
    mutations=(
        event_fields.emit_event,
        sync_fields.report_sync,
        sync_fields.request_resync,
        sync_fields.forget_sync_module,
        run_retention,
        backup_fields.run_backup,
    ),
    subscriptions=(event_fields.event_updates, sync_fields.sync_status_updates),
    extend=(
        Extension(type=event_fields.Event, fields=(lineage_fields.touches,)),
        Extension(type=ModuleSyncStatus, fields=(drift_fields.drift,)),
    ),
    nodes={event_fields.Event: event_fields.find_event_nodes},
)
