from __future__ import annotations

import pytest

from synthetic.errors import BadUserInputError
from synthetic.graphql.negotiation import takes_stream, wants_stream
from synthetic.graphql.sse_messages import event_text, find_position, find_positions, id_of_positions
from synthetic.log.positions import Position

AT = Position("0123456789", 7)


def test_an_event_has_its_id_its_name_and_its_data():
    assert event_text("next", b'{"a":1}', "x:1") == b'id: x:1\nevent: next\ndata: {"a":1}\n\n'
    assert event_text("complete", b"") == b"event: complete\ndata: \n\n", "a browser drops an event without data"


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_line_end_in_json_does_not_end_the_event(end: bytes):
    text = event_text("next", b'{"a":' + end + b"1}")
    assert text == b'event: next\ndata: {"a":\ndata: 1}\n\n'


def test_the_id_of_several_operations_holds_the_position_of_each():
    positions = {"a": AT, "b": Position("0123456789", 2**62), "c": Position("abcdefabcd", 0)}
    assert find_positions(id_of_positions(positions), 3) == positions
    assert find_positions(id_of_positions({}), 3) == {}
    assert find_positions(None, 3) == {}
    assert find_positions("", 3) == {}


@pytest.mark.parametrize(
    "given", ["garbage", "äöü", "e30=e30", "W10", "eyJhIjoxfQ", "eyJ4IjogeyJhIjogMX19", str(AT), "e" * 50_000]
)
def test_what_is_no_id_of_several_operations_is_refused(given: str):
    with pytest.raises(BadUserInputError, match="Last-Event-ID"):
        find_positions(given, 100)


def test_an_id_of_more_operations_than_may_run_is_refused():
    with pytest.raises(BadUserInputError):
        find_positions(id_of_positions({"a": AT, "b": AT}), 1)


def test_the_id_of_one_operation_is_a_position():
    assert find_position(str(AT)) == AT
    assert find_position(None) is None
    assert find_position("") is None
    with pytest.raises(BadUserInputError, match="Last-Event-ID"):
        find_position(id_of_positions({"a": AT}))


@pytest.mark.parametrize(
    ("accept", "wants", "takes"),
    [
        (None, False, False),
        ("*/*", False, False),
        ("text/*", False, False),
        ("text/event-stream", True, True),
        ("text/event-stream, */*", True, True),
        ("TEXT/EVENT-STREAM;q=0.9, application/json;q=0.8", True, True),
        ("text/event-stream;q=0", False, False),
        ("application/graphql-response+json, application/json, text/event-stream", False, True),
        ("application/json;q=0.9, text/event-stream;q=0.8", False, True),
    ],
)
def test_a_client_gets_streams_where_it_likes_them_best_or_for_subscriptions_alone(accept, wants, takes):
    assert wants_stream(accept) is wants
    assert takes_stream(accept) is takes
