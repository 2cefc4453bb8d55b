"""The plugin's part of the demo: what the made-up fleet works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from synthetic import BlockingStore, Order, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment, paragraph, read_first, slug
from synthetic_constructs.model import ConstructContent, ConstructRecord, ConstructStatus, Criteria, RelationshipKind
from synthetic_constructs.store import relate_constructs, save_construct, select_constructs

OPEN = (ConstructStatus.PLANNED, ConstructStatus.ACTIVE, ConstructStatus.BLOCKED)
NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)
OPEN_MIN = 6
ACTIVE_MIN = 4
"""Where fewer are open, or worked on, the fleet plans more."""

LOOKED_AT = 40
"""Of the open constructs, a step looks at so many, the newest."""

NEXT: Mapping[str, Mapping[ConstructStatus, int]] = {
    "PLANNED": {ConstructStatus.ACTIVE: 1},
    "ACTIVE": {
        ConstructStatus.COMPLETED: 5,
        ConstructStatus.BLOCKED: 3,
        ConstructStatus.FAILED: 1,
        ConstructStatus.CANCELLED: 1,
    },
    "BLOCKED": {ConstructStatus.ACTIVE: 1},
}
"""What becomes of an open construct, and how often."""


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """It is planned, with what it relates to; then its status changes."""

    def change(version: int, status: str) -> Moment:
        content: ConstructContent = {"status": ConstructStatus(status)}
        at = construct.phases[version][0]
        return Moment(at, lambda tx: save_construct(tx, content, id=construct.id, if_version=version), amount=0)

    yield Moment(construct.created_at, lambda tx: _plan(tx, fleet, construct))
    for version, (_, status) in enumerate(construct.phases[1:], 1):
        yield change(version, status)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """One construct comes to another status, or a new one is planned."""
    store.write(_go_on, fleet, random)


def _plan(tx: Transaction, fleet: Fleet, construct: FleetConstruct) -> None:
    draw = fleet.random("construct", construct.id)
    content: ConstructContent = {
        "type": construct.kind,
        "title": construct.title,
        "description": paragraph(draw, construct.part, 3),
        "user_id": f"team-{construct.team}",
        "project_id": construct.project,
        "metadata": {
            "part": construct.part,
            "branch": f"{construct.kind}/{slug(construct.goal)}",
            "estimateHours": draw.randint(1, 16),
            "labels": draw.sample(("bug", "speed", "safety", "clean-up", "feature"), 2),
        },
    }
    save_construct(tx, content, id=construct.id)
    for kind, other in construct.links:
        # The plan comes before what follows from it, and the parent before its child; it is the other way round that
        # something depends on what was there.
        near, far = (construct.id, other) if kind == RelationshipKind.DEPENDS_ON else (other, construct.id)
        relate_constructs(tx, near, RelationshipKind(kind), far)


def _go_on(tx: Transaction, fleet: Fleet, random: Random) -> None:
    selection = select_constructs(tx, Criteria(statuses=OPEN), by_creation=True)
    constructs = read_first(tx, ConstructRecord, selection, NEWEST_FIRST, LOOKED_AT)
    active = sum(construct.status == ConstructStatus.ACTIVE for construct in constructs)
    if len(constructs) < OPEN_MIN or (active < ACTIVE_MIN and random.random() < 0.2):
        _plan_another(tx, fleet, random)
        return
    chosen = random.choice(constructs)
    following = NEXT[chosen.status]
    status = random.choices(tuple(following), tuple(following.values()))[0]
    save_construct(tx, {"status": status}, id=chosen.id, if_version=chosen.version)


def _plan_another(tx: Transaction, fleet: Fleet, random: Random) -> None:
    """Something like what the fleet has planned before."""
    goal, part = fleet.goal(random)
    content: ConstructContent = {
        "type": "implementation",
        "title": f"{goal[0].upper()}{goal[1:]}",
        "description": paragraph(random, part, 2),
        "project_id": fleet.project(random.randrange(1_000)),
        "metadata": {"part": part, "estimateHours": random.randint(1, 16)},
    }
    save_construct(tx, content)
