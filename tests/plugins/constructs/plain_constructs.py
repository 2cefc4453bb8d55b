"""What the store of constructs should do, in plain Python: dictionaries, and no SQL."""

from __future__ import annotations

from typing import Any

from synthetic_constructs.model import ENDED_STATUSES, KINDS_WITHOUT_CYCLES, Criteria, Related


class PlainConstructs:
    """The model."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.links: dict[tuple[str, str, str], int] = {}

    def save(self, id: str, content: dict[str, Any], if_version: int | None, now: int) -> str:
        """What the save is answered with: a code, or what it did."""
        stored = self.rows.get(id)
        if stored is None:
            if if_version is not None:
                return "CONFLICT"
            if not {"type", "title"} <= content.keys():
                return "BAD_USER_INPUT"
            defaults = {"status": "PLANNED", "description": None, "user_id": None, "project_id": None, "metadata": {}}
            self.rows[id] = defaults | content | {"version": 1, "created_at": now, "updated_at": now}
            self.rows[id] |= {
                "started_at": now if self.rows[id]["status"] == "ACTIVE" else None,
                "ended_at": now if self.rows[id]["status"] in ENDED_STATUSES else None,
            }
            return "created"
        changes = {name: value for name, value in content.items() if not identical(stored[name], value)}
        if not changes:
            return "unchanged"
        if if_version != stored["version"]:
            return "CONFLICT"
        stored |= changes | {"version": stored["version"] + 1, "updated_at": now}
        if "status" in changes:
            if stored["status"] == "ACTIVE" and stored["started_at"] is None:
                stored["started_at"] = now
            stored["ended_at"] = now if stored["status"] in ENDED_STATUSES else None
        return "changed"

    def relate(self, from_id: str, kind: str, to_id: str, now: int) -> str:
        """What relating is answered with: a code, or what it did."""
        if from_id == to_id:
            return "BAD_USER_INPUT"
        if not {from_id, to_id} <= self.rows.keys():
            return "NOT_FOUND"
        link = self.link(from_id, kind, to_id)
        if link in self.links:
            return "unchanged"
        if kind in KINDS_WITHOUT_CYCLES and from_id in self.reached(to_id, kind):
            return "RELATIONSHIP_CYCLE"
        self.links[link] = now
        return "created"

    def link(self, from_id: str, kind: str, to_id: str) -> tuple[str, str, str]:
        """The link as it is kept."""
        ends = sorted((from_id, to_id)) if kind == "RELATED" else (from_id, to_id)
        return (ends[0], str(kind), ends[1])

    def reached(self, start: str, kind: str) -> set[str]:
        """Everything that links of one kind lead to."""
        found, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for from_id, of_kind, to_id in self.links:
                if from_id == here and of_kind == kind and to_id not in found:
                    found.add(to_id)
                    waiting.append(to_id)
        return found

    def delete(self, id: str) -> None:
        """A row and its links."""
        del self.rows[id]
        self.links = {link: at for link, at in self.links.items() if id not in (link[0], link[2])}

    def meets(self, id: str, asked: Criteria) -> bool:
        """Whether a construct meets the criteria."""
        row = self.rows[id]
        return all(
            (
                asked.ids is None or id in asked.ids,
                asked.statuses is None or row["status"] in asked.statuses,
                asked.types is None or row["type"] in asked.types,
                asked.user_id is None or row["user_id"] == asked.user_id,
                asked.project_id is None or row["project_id"] == asked.project_id,
                asked.created_from is None or row["created_at"] >= asked.created_from,
                asked.created_before is None or row["created_at"] < asked.created_before,
                asked.updated_from is None or row["updated_at"] >= asked.updated_from,
                asked.updated_before is None or row["updated_at"] < asked.updated_before,
                asked.text is None
                or asked.text.lower() in row["title"].lower()
                or asked.text.lower() in (row["description"] or "").lower(),
                all(key in row["metadata"] and identical(row["metadata"][key], value) for key, value in asked.metadata),
                asked.related is None or id in self.related(asked.related),
                all(self.meets(id, each) for each in asked.all_of),
                asked.any_of is None or any(self.meets(id, each) for each in asked.any_of),
                asked.none_of is None or not self.meets(id, asked.none_of),
            )
        )

    def related(self, related: Related) -> set[str]:
        """The other ends of a construct's links."""
        found: set[str] = set()
        for from_id, kind, to_id in self.links:
            if related.kinds is not None and kind not in related.kinds:
                continue
            if from_id == related.construct_id and related.direction in ("OUTGOING", "BOTH"):
                found.add(to_id)
            if to_id == related.construct_id and related.direction in ("INCOMING", "BOTH"):
                found.add(from_id)
        return found


def identical(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    return isinstance(one, bool) == isinstance(other, bool) and one == other
