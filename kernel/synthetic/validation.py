"""Checks of what a request brings in, for every plugin: identifiers, texts and JSON.

Each function returns the value in the form in which it is stored, or raises
`BadUserInputError` with `details={"field": field}`, where `field` is the name
that the sender knows (as in GraphQL: `constructId`). What the schema already
promises (a number is a number, an enum value is known) is not checked again;
what only one plugin means by a value is checked by that plugin.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import orjson

from synthetic.errors import BadUserInputError

ID_CHARACTERS_MAX = 200
"""Longest id, in characters: long enough for a path or a URL, short enough for an index."""

EXACT_INTEGER_MAX = 2**53 - 1
"""Largest integer that every JSON reader holds exactly (I-JSON, RFC 7493, section 2.2)."""

_UNPRINTABLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk through a JSON value is: the field, and the keys and indexes below it."""

    field: str
    path: list[str | int]

    def refuse(self, problem: str, *, action: str | None = None) -> BadUserInputError:
        """The error for what stands at this place, which is named unless it is the whole field."""
        inner = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:40]}" for step in self.path)
        return bad_input(self.field, f"{problem} (at {self.field}{inner[:200]})" if inner else problem, action=action)


def bad_input(field: str, problem: str, *, action: str | None = None) -> BadUserInputError:
    """The error for a field whose value has the problem; the caller raises it.

    Args:
        field: Name of the field as the sender wrote it.
        problem: What is wrong, as the end of the sentence "FIELD ...".
        action: What the sender can do, when the error class cannot know it.
    """
    return BadUserInputError(f"{field} {problem}.", action=action, details={"field": field})


def check_id(value: object, field: str) -> str:
    """An id that a caller brought: 1 to 200 printable characters, no white space at its ends.

    Control and invisible formatting characters are refused, because two ids
    that look the same must be the same.

    Returns:
        The id, unchanged.

    Raises:
        BadUserInputError: It is no such id.
    """
    text = _text(value, field)
    if not text:
        raise bad_input(field, "must not be empty")
    if len(text) > ID_CHARACTERS_MAX:
        raise bad_input(field, f"must have at most {ID_CHARACTERS_MAX} characters, not {len(text)}")
    if not text.isascii() or not text.isprintable():
        for position, character in enumerate(text):
            if unicodedata.category(character) in _UNPRINTABLE_CATEGORIES:
                raise bad_input(field, f"must not hold the invisible character U+{ord(character):04X} (at {position})")
    if text != text.strip():
        raise bad_input(field, "must not begin or end with white space")
    return text


def check_text(value: object, field: str, *, characters_max: int, characters_min: int = 0) -> str:
    """A text of bounded length that SQLite and UTF-8 can hold; line breaks and tabs are allowed.

    Args:
        value: The text.
        field: Name of the field as the sender wrote it.
        characters_max: Most characters (Unicode code points).
        characters_min: Fewest characters; with 1 or more, white space alone is refused too.

    Returns:
        The text, unchanged.

    Raises:
        BadUserInputError: It is too long or too short, or holds a NUL or half a surrogate pair.
    """
    text = _text(value, field)
    if len(text) > characters_max:
        raise bad_input(field, f"must have at most {characters_max} characters, not {len(text)}")
    if characters_min and (len(text) < characters_min or not text.strip()):
        raise bad_input(field, f"must have at least {characters_min} characters that are not all white space")
    _check_characters(text, _Place(field, []))
    return text


def check_json(value: object, field: str, *, bytes_max: int, depth_max: int) -> str:
    """Any JSON value, in its one canonical form.

    The form is compact, with keys in order and without a fraction on whole
    numbers (1.0 becomes 1, as in RFC 8785), so that equal values are equal
    texts. Whole numbers beyond 2^53 - 1 are refused, because readers that keep
    numbers as doubles would change them without a word.

    Args:
        value: What a JSON parser makes: None, bool, int, float, str, list, dict.
        field: Name of the field as the sender wrote it.
        bytes_max: Most bytes of the text that is returned.
        depth_max: Most levels of lists and objects, up to 200; a scalar has none.

    Returns:
        JSON text.

    Raises:
        BadUserInputError: It is no JSON, too large, too deep, or cannot be kept exactly.
    """
    text = _plain_text(value, depth_max)
    if text is None:
        text = orjson.dumps(_canonical(value, depth_max, _Place(field, [])), option=orjson.OPT_SORT_KEYS)
    if len(text) > bytes_max:
        raise bad_input(field, f"must have at most {bytes_max} bytes as JSON, not {len(text)}")
    return text.decode()


def check_json_object(value: object, field: str, *, bytes_max: int, depth_max: int) -> str:
    """A JSON object, in the canonical form of `check_json`.

    Raises:
        BadUserInputError: It is no JSON object, or one that `check_json` refuses.
    """
    if not isinstance(value, Mapping):
        raise bad_input(field, "must be a JSON object")
    return check_json(cast("object", value), field, bytes_max=bytes_max, depth_max=depth_max)


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise bad_input(field, "must be a text")
    return value


def _check_characters(text: str, place: _Place) -> None:
    if "\0" in text:
        raise place.refuse("must not hold NUL characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise place.refuse("must not hold half of a surrogate pair") from error


def _plain_text(value: object, levels: int) -> bytes | None:
    """The canonical form of a value that needs no change but order, as most are; None: `_canonical` is to decide.

    It costs a quarter of the walk that knows the place of each error.
    """
    if not _is_plain(value, levels):
        return None
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # half of a surrogate pair
        return None
    return None if b"\\u0000" in text else text


def _is_plain(value: object, levels: int) -> bool:
    """Whether all numbers are whole and exact, all keys texts, and no more than `levels` are nested."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -EXACT_INTEGER_MAX <= cast("int", value) <= EXACT_INTEGER_MAX
    if kind is dict:
        members = cast("dict[object, object]", value).items()
        return levels > 0 and all(type(key) is str and _is_plain(member, levels - 1) for key, member in members)
    if kind is list:
        return levels > 0 and all(_is_plain(item, levels - 1) for item in cast("list[object]", value))
    return False


def _canonical(value: object, levels: int, place: _Place) -> object:
    """The value with whole floats as integers; at an error, `place` has come to where it stands."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        _check_characters(value, place)
        return value
    if isinstance(value, int | float):
        return _exact(value, place)
    if not isinstance(value, Mapping | list | tuple):
        raise place.refuse("must be JSON: null, a boolean, a number, a text, a list or an object")
    if levels == 0:
        raise place.refuse("is nested too deep")
    if isinstance(value, Mapping):
        return _canonical_members(cast("Mapping[object, object]", value), levels, place)
    items: list[object] = []
    for index, item in enumerate(cast("list[object] | tuple[object, ...]", value)):
        place.path.append(index)
        items.append(_canonical(item, levels - 1, place))
        place.path.pop()
    return items


def _canonical_members(value: Mapping[object, object], levels: int, place: _Place) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, member in value.items():
        if not isinstance(key, str):
            raise place.refuse("must have texts as its keys")
        _check_characters(key, place)
        place.path.append(key)
        members[key] = _canonical(member, levels - 1, place)
        place.path.pop()
    return members


def _exact(number: float, place: _Place) -> int | float:
    if isinstance(number, float):
        if not math.isfinite(number):
            raise place.refuse("must be a finite number")
        if not number.is_integer():
            return number
    # A float that is whole and this large may be an integer that the parser already rounded.
    if abs(number) > EXACT_INTEGER_MAX:
        problem = f"must not be a whole number beyond {EXACT_INTEGER_MAX}: readers would round it"
        raise place.refuse(problem, action="Send the number as a text.")
    return int(number)
