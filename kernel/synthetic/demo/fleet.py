"""The plan of the made-up fleet: what there was to do, who worked on it, and when.

It is a pure function of a seed, a scale and the instant at which it ends.
Everything is computed when it is asked for and nothing is kept, so that a plan
of a million messages takes no more memory than a small one; and everything has
random numbers of its own, so that what one plugin draws changes nothing for
another.

The fleet works on efforts. Each is a plan, two implementations that follow from
it, the second depending on the first, and a verification. Efforts come the
closer together the nearer the end is: much is under way there, and what lies
beyond the end has not happened yet.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass

from synthetic.demo.records import FleetConstruct, FleetSession, Kind, Phases, Status
from synthetic.demo.words import GOALS, LAYERS, PARTS, PROJECTS, TEAMS

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SPAN_MS = 120 * HOUR_MS
"""How long the history is. Where it ends now, no rule of retention takes its beginning away at once."""

EFFORTS = 5
"""Efforts at scale 1, of four constructs each."""

OUTCOMES = 5
"""Efforts differ in how they end, in turns of so many: so even a small fleet has every outcome."""

FAILURES = 0.04
"""So many of the runs fail for reasons of their own."""

MODELS = ("orion-large", "orion-small", "lyra-reasoning")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The plan.

    Attributes:
        seed: Another seed gives another fleet.
        scale: How large it is: about 20 constructs, 100 sessions and 5,000 messages for each.
        now: The end of the history, Unix milliseconds UTC.
    """

    seed: int
    scale: int
    now: int

    def random(self, *names: object) -> random.Random:
        """Random numbers for one purpose: the same for the same names, whatever else is drawn."""
        return random.Random("/".join(map(str, (self.seed, *names))))  # noqa: S311 - nothing is kept secret by it

    def id_at(self, at: int, *names: object) -> str:
        """An id in the form of a UUIDv7 of an instant: the same for the same instant and names."""
        digest = hashlib.blake2b("/".join(map(str, (self.seed, *names))).encode(), digest_size=10).hexdigest()
        digits = f"{at:012x}7{digest[:3]}{'89ab'[int(digest[3], 16) % 4]}{digest[4:19]}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def project(self, number: int) -> str:
        """A project of the fleet; the larger it is, the more there are."""
        turn, index = divmod(number % (2 + self.scale), len(PROJECTS))
        return PROJECTS[index] if turn == 0 else f"{PROJECTS[index]}-{turn + 1}"

    def goal(self, draw: random.Random) -> tuple[str, str]:
        """Something to be done, in words, and the part of a program that it is about."""
        part = draw.choice(PARTS)
        return draw.choice(GOALS).format(part=part), part

    def model(self, draw: random.Random) -> str:
        """A model that an agent speaks with."""
        return draw.choice(MODELS)

    def agent(self, draw: random.Random, kind: str) -> str:
        """An agent that does work of a kind."""
        crew = 2 + self.scale
        match kind:
            case "plan":
                return draw.choice(("planner", f"researcher-{draw.randint(1, crew)}"))
            case "implementation":
                return f"builder-{draw.randint(1, 2 * crew)}"
            case "verification":
                return f"tester-{draw.randint(1, crew)}"
            case _:
                return f"{draw.choice(('researcher', 'reviewer', 'documenter'))}-{draw.randint(1, crew)}"

    def constructs(self) -> Iterator[FleetConstruct]:
        """All of them, in the order in which they were planned."""
        waiting: list[tuple[int, int, int, FleetConstruct]] = []
        for number in range(EFFORTS * self.scale):
            begin = self.begin_of(number)
            while waiting and waiting[0][0] <= begin:
                yield heapq.heappop(waiting)[-1]
            for place, construct in enumerate(make_effort(self, number)):
                heapq.heappush(waiting, (construct.created_at, number, place, construct))
        while waiting:
            yield heapq.heappop(waiting)[-1]

    def begin_of(self, effort: int) -> int:
        """When an effort begins, Unix milliseconds."""
        efforts = EFFORTS * self.scale
        return self.now - round(SPAN_MS * ((efforts - effort - 0.5) / efforts) ** 2)

    def construct_id(self, effort: int, place: int) -> str:
        """The id of one of the four constructs of an effort, of which the plan is the first."""
        return self.id_at(self.begin_of(effort), "construct", effort, place)

    def sessions(self, construct: FleetConstruct) -> Iterator[tuple[FleetSession, ...]]:
        """The runs of agents on a construct, in the order in which they start.

        Yields:
            The session of one run, and those of the sub-agents that it started.
        """
        draw = self.random("sessions", construct.id)
        for start, end, after in construct.work():
            at = start + draw.randrange(MINUTE_MS)
            # What would be too short for a run is left; but every stretch has one.
            while at < self.now and (at < end - 10 * MINUTE_MS or at < start + MINUTE_MS):
                length = draw.randrange(30 * MINUTE_MS, 90 * MINUTE_MS)
                is_last = at + length + 15 * MINUTE_MS > end
                run = self._run(draw, construct, at, min(at + length, end), after if is_last else None)
                yield run
                over = run[0].ended_at
                at = over + draw.randrange(2 * MINUTE_MS, 10 * MINUTE_MS)
                if over <= self.now < at:
                    # The history does not end in a pause: its end is what people see.
                    at = max(over, self.now - MINUTE_MS)

    def _run(
        self, draw: random.Random, construct: FleetConstruct, start: int, end: int, after: Status | None
    ) -> tuple[FleetSession, ...]:
        fails = draw.random() < FAILURES or after == "FAILED"
        first = FleetSession(
            id=self.id_at(start, "session", construct.id, start),
            construct=construct,
            parent_id=None,
            agent=self.agent(draw, construct.kind),
            model=self.model(draw),
            title=construct.title,
            started_at=start,
            ended_at=end,
            outcome="CANCELLED" if after == "CANCELLED" else "FAILED" if fails else "ENDED",
            messages=min(400, max(8, round(draw.lognormvariate(3.95, 0.6)))),
        )
        # Where the history ends in the middle of a run, several are at work.
        count = draw.choice((0, 0, 0, 1, 2) if end <= self.now else (2, 3))
        return first, *(self._sub_agent(draw, first, number) for number in range(count))

    def _sub_agent(self, draw: random.Random, parent: FleetSession, number: int) -> FleetSession:
        start, end = self._part_of(draw, parent.started_at, parent.ended_at)
        agent = self.agent(draw, "sub-agent")
        return FleetSession(
            id=self.id_at(start, "session", parent.id, number),
            construct=parent.construct,
            parent_id=parent.id,
            agent=agent,
            model=self.model(draw),
            title=f"{agent.partition('-')[0].capitalize()} for {parent.agent}: the {parent.construct.part}",
            started_at=start,
            ended_at=end,
            outcome="FAILED" if draw.random() < FAILURES else "ENDED",
            messages=min(200, max(6, round(draw.lognormvariate(3.1, 0.5)))),
        )

    def _part_of(self, draw: random.Random, start: int, end: int) -> tuple[int, int]:
        """A part of the time from start to end; one that goes on when the history ends, if the whole does."""
        if start <= self.now < end:
            began = self.now - round((self.now - start) * draw.uniform(0.0, 0.5))
            return began, self.now + round((end - self.now) * draw.uniform(0.3, 0.95))
        began = start + round((end - start) * draw.uniform(0.1, 0.6))
        return began, began + round((end - start) * draw.uniform(0.1, 0.35))


def make_effort(fleet: Fleet, number: int) -> tuple[FleetConstruct, ...]:
    """The constructs of an effort: the plan, the two implementations, the verification."""
    draw = fleet.random("effort", number)
    begin = fleet.begin_of(number)
    goal, part = fleet.goal(draw)
    project, team, layers = fleet.project(draw.randrange(1_000)), draw.choice(TEAMS), draw.sample(LAYERS, 2)
    ids = [fleet.construct_id(number, place) for place in range(4)]
    turn = number % OUTCOMES

    def construct(place: int, kind: Kind, title: str, phases: Phases, *links: tuple[str, str]) -> FleetConstruct:
        return FleetConstruct(
            id=ids[place], kind=kind, title=title, goal=goal, part=part, project=project, team=team, phases=phases,
            links=links,
        )  # fmt: skip

    opened, planned = begin + _hours(draw, 0.1, 0.3), begin + _hours(draw, 1.5, 3)
    created, first = begin + _hours(draw, 0.25, 0.45), planned + _hours(draw, 0.1, 0.5)
    second, built = first + _hours(draw, 1, 2), first + _hours(draw, 4, 10)
    of_plan = ("PLAN_TO_IMPLEMENTATION", ids[0])
    related = (("RELATED", fleet.construct_id(number - 1, 0)),) if number % 3 == 2 else ()
    plan: Phases = ((begin, "PLANNED"), (opened, "ACTIVE"), (planned, "COMPLETED"))
    return (
        construct(0, "plan", f"Plan how to {goal}", plan, *related),
        construct(
            1, "implementation", f"{goal[0].upper()}{goal[1:]}: {layers[0]}",
            ((created, "PLANNED"), (first, "ACTIVE"), (built, "COMPLETED")), of_plan,
        ),
        construct(
            2, "implementation", f"{goal[0].upper()}{goal[1:]}: {layers[1]}",
            ((created + MINUTE_MS, "PLANNED"), *_second_phases(draw, turn, second)), of_plan, ("DEPENDS_ON", ids[1]),
        ),
        construct(
            3, "verification", f"Verify: {goal}",
            ((first + MINUTE_MS, "PLANNED"), *_last_phases(draw, turn, built)), ("PARENT", ids[1]),
        ),
    )  # fmt: skip


def _hours(draw: random.Random, low: float, high: float) -> int:
    """Some time between so many hours, in milliseconds."""
    return round(draw.uniform(low, high) * HOUR_MS)


def _second_phases(draw: random.Random, turn: int, start: int) -> Phases:
    """How the second implementation goes: one in five is given up, one is blocked for most of a day."""
    end = start + _hours(draw, 4, 10)
    match turn:
        case 1:
            return (start, "ACTIVE"), (start + _hours(draw, 1, 3), "CANCELLED")
        case 3:
            resumed = start + _hours(draw, 16, 20)
            blocked = start + _hours(draw, 1, 2)
            return (start, "ACTIVE"), (blocked, "BLOCKED"), (resumed, "ACTIVE"), (resumed + end - start, "COMPLETED")
        case _:
            return (start, "ACTIVE"), (end, "COMPLETED")


def _last_phases(draw: random.Random, turn: int, built: int) -> Phases:
    """How the verification goes: one in five fails, another fails at first."""
    start = built + _hours(draw, 0.1, 0.5)
    end = start + _hours(draw, 1, 4)
    match turn:
        case 0:
            return (start, "ACTIVE"), (end, "FAILED")
        case 2:
            again = end + _hours(draw, 0.5, 1)
            return (start, "ACTIVE"), (end, "FAILED"), (again, "ACTIVE"), (again + end - start, "COMPLETED")
        case _:
            return (start, "ACTIVE"), (end, "COMPLETED")
