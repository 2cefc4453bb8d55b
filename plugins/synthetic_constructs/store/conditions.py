"""What each criterion on constructs is in SQL.

The conditions name columns of `constructs` without its name, because what they
are put on may be the table, a union of queries on it, or a join (see
`filters.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, Value, bad_input, check_id, check_json, check_text
from synthetic_constructs.model import Criteria, Scalar, indexed_value
from synthetic_constructs.settings import ConstructSettings
from synthetic_constructs.store.metadata_index import list_ready_keys
from synthetic_constructs.store.relationships import related_ids_sql

CONDITIONS_MAX = 50
"""Most conditions of one filter; each nested filter counts as one more."""

VALUES_MAX = 500
"""Most ids, statuses or types of one condition."""

TEXT_CHARACTERS_MAX = 200
"""Longest text that is looked for."""

UNINDEXED_FILTER = "UNINDEXED_FILTER"
"""Code of the notice that a filter reads rows only to leave them out."""


def check_values(values: Sequence[str], field: str) -> list[str]:
    """The distinct values of a condition that names several, in order.

    Raises:
        BadUserInputError: They are too many, or one can be no id or type.
    """
    if len(values) > VALUES_MAX:
        raise bad_input(field, f"must hold at most {VALUES_MAX} values")
    return sorted({check_id(value, field) for value in values})


class Conditions:
    """Turns criteria into conditions in SQL.

    Attributes:
        params: Values of the placeholders of all conditions that it made.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.params: dict[str, Value] = {}
        self._snapshot = snapshot
        self._count = 0
        self._ready_keys: frozenset[str] | None = None

    def of(self, criteria: Criteria, place: str) -> list[str]:
        """Conditions that together are the criteria.

        Args:
            criteria: What is asked for.
            place: The name under which the sender gave them, for errors.

        Raises:
            BadUserInputError: A value is not acceptable, or they are too many.
        """
        found = [
            *self._sets(criteria, place),
            *self._equalities(criteria, place),
            *self._ranges(criteria),
            *(self._metadata(key, value, place) for key, value in criteria.metadata),
        ]
        if criteria.text is not None:
            found.append(self._text(criteria.text, place))
        if criteria.related is not None:
            check_id(criteria.related.construct_id, f"{place}.relatedTo.id")
            sql, params = related_ids_sql(criteria.related, f"related_{len(self.params)}")
            self.params.update(params)
            found.append(f"id IN ({sql})")
        # The level itself counts too, so that empty ones cannot be piled up.
        self._count += len(found) + 1
        if self._count > CONDITIONS_MAX:
            raise bad_input("filter", f"must hold at most {CONDITIONS_MAX} conditions")
        return found + self._nested(criteria, place)

    def bind(self, value: Value) -> str:
        """A new placeholder for the value."""
        name = f"value_{len(self.params)}"
        self.params[name] = value
        return f":{name}"

    def find_indexed(self, pairs: Sequence[tuple[str, Scalar]], place: str) -> int | None:
        """Which of the metadata pairs, if any, the index answers whole.

        Raises:
            BadUserInputError: A pair is not acceptable.
        """
        for key, value in pairs:
            self._check_pair(key, value, f"{place}.metadata")
        return next((index for index, pair in enumerate(pairs) if self._is_indexed(*pair)), None)

    def indexed_match(self, key: str, value: Scalar) -> str:
        """The condition on a row of `construct_metadata`."""
        return f"key = {self.bind(key)} AND value = {self.bind(indexed_value(value))}"

    def _is_indexed(self, key: str, value: Scalar) -> bool:
        if self._ready_keys is None:
            self._ready_keys = list_ready_keys(self._snapshot)
        return key in self._ready_keys and indexed_value(value) is not None

    def _sets(self, criteria: Criteria, place: str) -> list[str]:
        found: list[str] = []
        for column, name, values in (
            ("id", "ids", criteria.ids),
            ("status", "status", criteria.statuses),
            ("type", "type", criteria.types),
        ):
            if values is None:
                continue
            distinct = check_values(values, f"{place}.{name}")
            # One value is an equality, which keeps the order of the index that it is found by.
            found.append(
                f"{column} = {self.bind(distinct[0])}"
                if len(distinct) == 1
                else f"{column} IN ({', '.join(map(self.bind, distinct))})"
            )
        return found

    def _equalities(self, criteria: Criteria, place: str) -> list[str]:
        return [
            f"{column} = {self.bind(check_id(value, f'{place}.{name}'))}"
            for column, name, value in (
                ("user_id", "userId", criteria.user_id),
                ("project_id", "projectId", criteria.project_id),
            )
            if value is not None
        ]

    def _ranges(self, criteria: Criteria) -> list[str]:
        return [
            f"{column} {operator} {self.bind(instant)}"
            for column, operator, instant in (
                ("created_at", ">=", criteria.created_from),
                ("created_at", "<", criteria.created_before),
                ("updated_at", ">=", criteria.updated_from),
                ("updated_at", "<", criteria.updated_before),
            )
            if instant is not None
        ]

    def _check_pair(self, key: str, value: Scalar, place: str) -> None:
        check_text(key, f"{place}.key", characters_min=1, characters_max=TEXT_CHARACTERS_MAX)
        if not isinstance(value, Scalar):
            raise bad_input(f"{place}.value", "must be a text, a number or a boolean")
        longest = self._snapshot.settings(ConstructSettings).metadata_bytes
        check_json(value, f"{place}.value", bytes_max=longest, depth_max=0)

    def _metadata(self, key: str, value: Scalar, place: str) -> str:
        self._check_pair(key, value, f"{place}.metadata")
        if self._is_indexed(key, value):
            # A probe by primary key for each row that the leading condition finds.
            match = self.indexed_match(key, value)
            return f"EXISTS (SELECT 1 FROM construct_metadata WHERE construct_id = id AND {match})"
        declared = key in self._snapshot.settings(ConstructSettings).metadata_keys
        way_out = (
            "It is declared, and a running server is still building its index, or the value is too long for it."
            if declared
            else "Declare it in `plugins.constructs.metadata_keys`."
        )
        self._snapshot.notice(
            UNINDEXED_FILTER,
            f"The metadata key {key!r} is not indexed for this value: what the rest of the filter leaves is read"
            f" and compared. {way_out}",
        )
        member = f"key = {self.bind(key)} AND {self._member(value)}"
        return f"EXISTS (SELECT 1 FROM json_each(metadata) WHERE {member})"

    def _member(self, value: Scalar) -> str:
        """The condition on a row of `json_each`, whose `value` is 1 for true as well."""
        if isinstance(value, bool):
            return f"type = '{'true' if value else 'false'}'"
        if isinstance(value, str):
            return f"type = 'text' AND value = {self.bind(value)}"
        return f"type IN ('integer', 'real') AND value = {self.bind(value)}"

    def _text(self, text: str, place: str) -> str:
        check_text(text, f"{place}.text", characters_min=1, characters_max=TEXT_CHARACTERS_MAX)
        self._snapshot.notice(
            UNINDEXED_FILTER,
            "`text` is looked for in the title and description of every construct that the rest of the filter leaves.",
        )
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = self.bind(f"%{escaped}%")
        return f"(title LIKE {pattern} ESCAPE '\\' OR description LIKE {pattern} ESCAPE '\\')"

    def _nested(self, criteria: Criteria, place: str) -> list[str]:
        found = [self._all(each, f"{place}.and") for each in criteria.all_of]
        if criteria.any_of is not None:
            found.append(
                "(" + (" OR ".join(self._all(each, f"{place}.or") for each in criteria.any_of) or "FALSE") + ")"
            )
        # A column that is NULL meets no condition, so it is not left out either.
        if criteria.none_of is not None:
            found.append(f"{self._all(criteria.none_of, f'{place}.not')} IS NOT TRUE")
        return found

    def _all(self, criteria: Criteria, place: str) -> str:
        return "(" + (" AND ".join(self.of(criteria, place)) or "TRUE") + ")"
