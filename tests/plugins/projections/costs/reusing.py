"""A fleet that deletes what it has, and uses the ids again."""

from __future__ import annotations

import random
from collections.abc import Callable

from plugins.projections.costs.kit import Fleet, Spent
from synthetic import delete_owned
from synthetic.testing import expect_data

DELETE_CONSTRUCT = "mutation ($id: ID!) { deleteConstruct(input: {id: $id}) { rows } }"


class Reusing(Fleet):
    """What is deleted leaves what it has spent: with its project, its construct and its agent, as they were then."""

    def delete_construct(self, id: str) -> None:
        expect_data(self.store.graphql(DELETE_CONSTRUCT, {"id": id}))
        for session_id in [each for each, (construct_id, _) in self.sessions.items() if construct_id == id]:
            self._forget_session(session_id)
        project_id = self.projects.pop(id)
        del self.versions[id]
        paid = ("project", project_id) if project_id else ("", "")
        self._leave(("construct", id), lambda spent: spent._replace(owner=paid, construct=id))

    def delete_session(self, id: str) -> None:
        delete_owned(self.store, "sessions", id)
        self._forget_session(id)

    def _forget_session(self, id: str) -> None:
        construct_id, agent = self.sessions.pop(id)
        del self.versions[f"session {id}"]
        paid = ("construct", construct_id) if construct_id else ("", "")
        self._leave(("session", id), lambda spent: spent._replace(owner=paid, agent=agent, session=id))

    def _leave(self, owner: tuple[str, str], change: Callable[[Spent], Spent]) -> None:
        self.spent = [change(each) if each.owner == owner else each for each in self.spent]


def reuse(fleet: Reusing, seed: int, steps: int, begin: int, end: int) -> None:
    """Let a fleet spend, move, delete and begin anew, under few ids."""
    chance = random.Random(seed)
    for _ in range(steps):
        at, construct, session = chance.randrange(begin, end), chance.choice("cd"), chance.choice("st")
        match chance.randrange(10):
            case 0 | 1:
                fleet.construct(construct, chance.choice([None, "p", "q"]))
            case 2 | 3:
                into = chance.choice([None, *fleet.projects])
                fleet.session(session, into, chance.choice([None, "planner", "builder"]))
            case 4 if construct in fleet.projects:
                fleet.delete_construct(construct)
            case 5 if session in fleet.sessions:
                fleet.delete_session(session)
            case 6 | 7 if construct in fleet.projects:
                # Now and then it is given back, so that sums come to nothing.
                micros = chance.choice([5, -5, 70])
                fleet.record(construct_id=construct, cost_micros=micros, currency="EUR", occurred_at=at)
            case _:
                if session in fleet.sessions:
                    fleet.say(session, (at, chance.choice(["large", None]), (chance.randrange(1, 100), 7)))
