"""What the fold `workflows` has to come to, told another way: all is computed anew from all events, each time."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from synthetic import Event

ENDED = {"COMPLETED", "FAILED", "CANCELLED"}
Rows = dict[str, set[tuple[Any, ...]]]


class PlainWorkflows:
    """The events so far, and the instants of groups, which alone depend on what was there in between."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._instants: dict[tuple[str, str], tuple[int, int]] = {}
        self._last_named: dict[str, str | None] = {}

    def take_in(self, event: Event) -> None:
        """One more event."""
        self._events.append(event)
        members = self._members()
        for group in [group for group in self._instants if group not in members]:
            del self._instants[group]
        data = event.data()
        if event.type == "construct.saved" and data["projectId"]:
            self._extend(("projects", data["projectId"]), event.occurred_at_utc)
        for workflow in self._workflows().values():
            for table, id in (("stories", workflow["story_id"]), ("projects", workflow["project_id"])):
                if id is not None and workflow["id"] == event.entity_id:
                    self._extend((table, id), workflow["first_at"], workflow["since_at"])
        if event.type == "workflow.transitioned":
            workflow = self._workflows()[event.entity_id]
            if workflow["story_id"] is not None:
                self._last_named[workflow["story_id"]] = workflow["project_id"]

    def rows(self) -> Rows:
        """All rows of all tables of the fold."""
        found: Rows = defaultdict(set)
        workflows = self._workflows()
        for id, workflow in workflows.items():
            steps = workflow["steps"]
            found["workflows"].add(
                (id, workflow["machine"], workflow["project_id"], workflow["story_id"], workflow["construct_id"],
                 workflow["state"], workflow["status"], workflow["since_at"], steps[-1].position,
                 workflow["first_at"], len(steps), workflow["cost_construct_id"])
            )  # fmt: skip
            for step in steps:
                data = step.data()
                found["workflow_steps"].add((id, step.occurred_at_utc, step.position, data["to"], data["status"]))
            for state, (entries, closed) in workflow["times"].items():
                found["workflow_states"].add((id, state, entries, closed))
            if workflow["construct_id"] is not None:
                found["workflow_constructs"].add((workflow["construct_id"], id))
        constructs = self._constructs()
        for construct_id, (project_id, status) in constructs.items():
            found["project_constructs"].add((construct_id, project_id, status))
        for (project_id, status), count in Counter(constructs.values()).items():
            found["project_statuses"].add((project_id, status, count))
        for (table, id), instants in self._instants.items():
            column = "story_id" if table == "stories" else "project_id"
            inside = [each for each in workflows.values() if each[column] == id]
            open_ones = sum(each["status"] == "OPEN" for each in inside)
            made = sum(len(each["steps"]) for each in inside)
            if table == "stories":
                status = "OPEN" if open_ones else "ENDED"
                found[table].add((id, self._last_named[id], status, len(inside), open_ones, made, *instants))
            else:
                statuses = [status for project_id, status in constructs.values() if project_id == id]
                going = sum(status not in ENDED for status in statuses)
                status = "OPEN" if open_ones or going else "ENDED"
                found[table].add((id, status, len(inside), open_ones, len(statuses), going, made, *instants))
            found["story_states" if table == "stories" else "project_states"] |= self._states(id, inside)
        return {name: each for name, each in found.items() if each}

    def _states(self, id: str, workflows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        names = {state for each in workflows for state in each["times"]}
        found: set[tuple[Any, ...]] = set()
        for name in names:
            standing = [each for each in workflows if each["state"] == name]
            going = [each["since_at"] for each in standing if each["status"] == "OPEN"]
            entries, closed = (sum(each["times"].get(name, (0, 0))[place] for each in workflows) for place in (0, 1))
            found.add((id, name, len(standing), len(going), sum(going), entries, closed))
        return found

    def _workflows(self) -> dict[str, dict[str, Any]]:
        by_id: dict[str, list[Event]] = defaultdict(list)
        for event in self._events:
            if event.type == "workflow.deleted":
                by_id.pop(event.entity_id, None)
            elif event.type == "workflow.transitioned":
                by_id[event.entity_id].append(event)
        return {id: self._workflow(id, events) for id, events in by_id.items()}

    def _workflow(self, id: str, events: list[Event]) -> dict[str, Any]:
        steps = sorted(events, key=lambda each: (each.occurred_at_utc, each.position))
        times: dict[str, tuple[int, int]] = {}
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            entries, closed = times.get(step.data()["to"], (0, 0))
            lasted = 0 if following is None else following.occurred_at_utc - step.occurred_at_utc
            times[step.data()["to"]] = (entries + 1, closed + lasted)
        current = steps[-1]
        data = current.data()
        leading = [
            each
            for number, each in enumerate(events)
            if all(each.occurred_at_utc >= other.occurred_at_utc for other in events[:number])
        ]
        # A deletion changes nothing about whose costs they are.
        saying = [each for each in leading if each.construct_id or each.data()["previousConstructId"]]
        gone = [
            each.entity_id
            for each in self._events
            if each.type == "construct.deleted" and each.position > current.position
        ]
        return {
            "id": id,
            "steps": steps,
            "times": times,
            "machine": data["machine"],
            "state": data["to"],
            "status": data["status"],
            "story_id": data["storyId"],
            "project_id": data["projectId"],
            "construct_id": None if current.construct_id in gone else current.construct_id,
            "cost_construct_id": saying[-1].construct_id if saying else None,
            "since_at": current.occurred_at_utc,
            "first_at": steps[0].occurred_at_utc,
        }

    def _constructs(self) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for event in self._events:
            if event.type == "construct.deleted":
                found.pop(event.entity_id, None)
            elif event.type == "construct.saved":
                data = event.data()
                found.pop(event.entity_id, None)
                if data["projectId"] is not None:
                    found[event.entity_id] = (data["projectId"], data["status"])
        return found

    def _members(self) -> set[tuple[str, str]]:
        """The groups that something belongs to."""
        groups = {("projects", project_id) for project_id, _ in self._constructs().values()}
        for workflow in self._workflows().values():
            groups |= {("stories", workflow["story_id"]), ("projects", workflow["project_id"])}
        return {(table, id) for table, id in groups if id is not None}

    def _extend(self, group: tuple[str, str], *instants: int) -> None:
        known = (*instants, *self._instants.get(group, ()))
        self._instants[group] = (min(known), max(known))
