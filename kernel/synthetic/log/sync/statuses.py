"""How modules fare: facts read from the store, and judged.

What is known of a consumer stands in `consumers`; of an outside module, in
`sync_state`. A consumer that is loaded and has never run has no row yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from synthetic.consumer_contributions import Consumer, Fold, Waiting
from synthetic.contributions import Stamped
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import NotFoundError
from synthetic.kernel_settings import SyncSettings
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.consumers.store import (
    SET_ASIDE_KEPT,
    ConsumerRecord,
    count_events_behind,
    find_consumer,
    find_next_event_at,
    list_consumers,
    needs_rebuild,
)
from synthetic.log.drift.store import find_drift_check, list_drift_rows
from synthetic.log.positions import LogEnds, Position, read_ends
from synthetic.log.sync.judgement import judge
from synthetic.log.sync.model import ConsumerFacts, ModuleKind, ModuleStatus, OutsideFacts, RecoveryAction
from synthetic.log.sync.store import SyncState, error_of_text, find_state, list_states
from synthetic.storage.notes import STORAGE, WARNING_KEY, find_note

DIFFERING_NAMED = 5
"""So many rows that differ are named in a reason."""


@dataclass(frozen=True, slots=True)
class LoadedConsumers:
    """The consumers of the loaded plugins, as a resource of snapshots.

    Attributes:
        kinds: From the name of each, `PLUGIN.NAME`, to what it is.
    """

    kinds: Mapping[str, ModuleKind]

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without plugins there are none."""
        return cls({})

    @classmethod
    def of(cls, consumers: Sequence[Stamped[Consumer]]) -> Self:
        """Those that are registered."""
        return cls(
            {
                f"{each.plugin}.{each.record.name}": ModuleKind.FOLD
                if isinstance(each.record, Fold)
                else ModuleKind.MIRROR
                for each in consumers
            }
        )


def list_statuses(snapshot: Snapshot) -> list[ModuleStatus]:
    """How every module fares, by name."""
    states = {state.module: state for state in list_states(snapshot)}
    consumers = {record.name: record for record in list_consumers(snapshot)}
    kinds = snapshot.resource(LoadedConsumers).kinds
    ends = read_ends(snapshot)
    known = {*consumers, *kinds, *(name for name, state in states.items() if state.kind == ModuleKind.OUTSIDE)}
    return [_status(snapshot, name, consumers.get(name), states.get(name), ends) for name in sorted(known)]


def find_status(snapshot: Snapshot, module: str) -> ModuleStatus | None:
    """How one module fares, or None if nothing is known of it."""
    record, state = find_consumer(snapshot, module), find_state(snapshot, module)
    is_outside = state is not None and state.kind == ModuleKind.OUTSIDE
    if record is None and not is_outside and module not in snapshot.resource(LoadedConsumers).kinds:
        return None
    return _status(snapshot, module, record, state, read_ends(snapshot))


def get_status(snapshot: Snapshot, module: str) -> ModuleStatus:
    """How one module fares.

    Raises:
        NotFoundError: Nothing is known of it.
    """
    found = find_status(snapshot, module)
    if found is None:
        raise NotFoundError(
            f"There is no module {module!r}.", action="`syncStatus` lists them.", details={"field": "module"}
        )
    return found


def is_consumer(snapshot: Snapshot, module: str) -> bool:
    """Whether a name is that of a consumer, loaded or not."""
    return module in snapshot.resource(LoadedConsumers).kinds or find_consumer(snapshot, module) is not None


def _status(
    snapshot: Snapshot, module: str, record: ConsumerRecord | None, state: SyncState | None, ends: LogEnds
) -> ModuleStatus:
    loaded = snapshot.resource(LoadedConsumers).kinds
    settings = snapshot.settings(SyncSettings)
    if record is not None:
        facts: ConsumerFacts | OutsideFacts = _consumer_facts(snapshot, record, ends, settings, module in loaded)
        kind, cursor = ModuleKind(record.kind), str(Position(ends.epoch, record.position))
    elif module in loaded or state is None:
        facts, kind, cursor = ConsumerFacts(has_run=False), loaded[module], None
    else:
        facts, kind, cursor = state.facts(), ModuleKind.OUTSIDE, state.cursor
        if module == STORAGE:
            facts = facts._replace(shortage=find_note(snapshot, WARNING_KEY))
    judgement = judge(facts, snapshot.now, ends, settings)
    status = ModuleStatus(
        module=module,
        kind=kind,
        status=judgement.status,
        since=None,
        last_attempt_at=facts.last_attempt_at,
        last_success_at=facts.last_success_at,
        lag_events=judgement.lag_events,
        lag_ms=judgement.lag_ms,
        reasons=judgement.reasons,
        error=facts.error,
        actions=judgement.actions,
        cursor=cursor,
        expected_interval_ms=facts.expected_interval_ms if isinstance(facts, OutsideFacts) else None,
        failed_position=None if isinstance(facts, OutsideFacts) else facts.failed_position,
        requested=facts.requested,
        failures=0 if state is None else state.failures,
    )
    return replace(status, since=_since(status, state, snapshot.now))


def _since(status: ModuleStatus, state: SyncState | None, now: int) -> int:
    """Since when a module has its status: as was published, or now, when the change is only being noticed."""
    published = None if state is None else state.last_published()
    return now if published is None or published.status != status.status or published.since is None else published.since


def _waiting(snapshot: Snapshot, record: ConsumerRecord, settings: SyncSettings) -> Waiting:
    """What a mirror has noted and not done."""
    mirror = snapshot.resource(LoadedFolds).find_mirror(record.name)
    if mirror is None or mirror.waiting is None:
        return Waiting(0, None)
    return mirror.waiting(snapshot, settings.stale_events + 1)


def _consumer_facts(
    snapshot: Snapshot, record: ConsumerRecord, ends: LogEnds, settings: SyncSettings, is_loaded: bool
) -> ConsumerFacts:
    next_event_at = find_next_event_at(snapshot, record)
    behind = 0 if next_event_at is None else count_events_behind(snapshot, record, settings.stale_events + 1)
    waiting = _waiting(snapshot, record, settings)
    if waiting.since is not None:
        behind += waiting.entities
        next_event_at = waiting.since if next_event_at is None else min(next_event_at, waiting.since)
    drift = find_drift_check(snapshot, record.name)
    requested = None if record.requested is None else RecoveryAction(record.requested)
    requested_at = record.requested_at
    if requested is None and drift is not None and drift.requested_at is not None:
        requested, requested_at = RecoveryAction.VERIFY, drift.requested_at
    differing = 0 if drift is None else drift.differing
    first = list_drift_rows(snapshot, record.name)[:DIFFERING_NAMED] if differing else []
    actions = tuple(RecoveryAction(action) for action in record.actions())
    if record.kind == "FOLD" and record.phase == "FOLLOWING" and record.set_aside < SET_ASIDE_KEPT:
        actions = (*actions, RecoveryAction.VERIFY)
    return ConsumerFacts(
        is_loaded=is_loaded,
        position=record.position,
        phase=record.phase,
        failed_position=record.failed_position,
        rebuild_through=record.rebuild_through,
        rebuild_to=record.rebuild_to,
        set_aside=record.set_aside,
        differing=differing,
        differing_first=tuple(f"{row.table}/{row.key}" for row in first),
        is_rebuild_needed=needs_rebuild(record, ends),
        events_behind=behind,
        next_event_at=next_event_at,
        last_attempt_at=record.last_attempt_at,
        last_success_at=record.last_success_at,
        error=error_of_text(record.error),
        requested=requested,
        requested_at=requested_at,
        actions=actions,
    )
