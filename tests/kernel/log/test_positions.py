"""Which positions can be gone on from, and what is said of the others."""

from __future__ import annotations

import pytest

from synthetic import BadUserInputError, Position
from synthetic.log.errors import ResyncRequiredError
from synthetic.log.positions import LogEnds, check_position

ENDS = LogEnds("0123456789", 10, 20)


@pytest.mark.parametrize("number", [10, 15, 20])
def test_a_position_between_the_ends_is_one_to_go_on_from(number):
    assert check_position(Position("0123456789", number), ENDS) == number


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        (Position("9876543210", 15), "EPOCH"),
        (Position("0123456789", 21), "AHEAD"),
        (Position("0123456789", 9), "PRUNED"),
        (Position("0123456789", 0), "PRUNED"),
    ],
)
def test_any_other_asks_for_a_new_beginning(position, reason):
    with pytest.raises(ResyncRequiredError) as raised:
        check_position(position, ENDS)
    assert raised.value.details == {"reason": reason, "position": "0123456789:20", "oldest": "0123456789:10"}


def test_a_position_comes_back_from_its_text():
    position = Position("00ff00ff00", 2**63 - 1)
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "00ff00ff00",
        "00ff00ff00:",
        ":1",
        "00ff00ff00:-1",
        "00ff00ff00:01",
        "00FF00ff00:1",
        "00ff00ff00:1.0",
        "00ff00ff00:9223372036854775808",
        "00ff00ff00:99999999999999999999",
        "00ff00ff00:1\n",
        "00ff00ff00:\u0661",
        5,
        None,
        ["a"],
    ],
)
def test_anything_else_is_bad_input(text):
    with pytest.raises(BadUserInputError, match="that the store gave out"):
        Position.parse(text)
