"""The subscription `savedSearchHits`: what a saved search finds comes to whoever follows it, once, and from where one
left off."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.transcripts.following import Server
from synthetic.testing import copy_template, running_server

pytestmark = pytest.mark.anyio

SAVE = "mutation ($input: SaveSearchInput!) { saveSearch(input: $input) { created } }"
FOLLOW = """
subscription ($id: ID!, $after: Position) {
  savedSearchHits(ids: [$id], after: $after) { position searchId hits { kind snippet { text } constructId } }
}"""


async def test_what_is_found_comes_live_and_again_to_who_names_an_earlier_position(
    template: Path, tmp_path: Path
) -> None:
    directory = copy_template(template, tmp_path / "store")
    with running_server(directory, environment={"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}) as running:
        server = Server(running)
        async with server.client:
            begin = await server.make("c")
            for name, query in (("s", "lease -kept"), ("other", "lease")):
                await server.ask(SAVE, input={"id": name, "name": name, "query": query})
            async with server.follow("s", begin, FOLLOW) as feed:
                texts = enumerate(["A lease is kept.", "A lease is lost."])
                await server.append("c", *({"sourceId": str(number), "text": text} for number, text in texts))
                first = (await feed.answer())["data"]["savedSearchHits"]
                await server.append("c", {"sourceId": "2", "text": "Another lease."})
                second = (await feed.answer())["data"]["savedSearchHits"]
            async with server.follow("s", begin, FOLLOW) as feed:
                again = [(await feed.answer())["data"]["savedSearchHits"] for _ in range(2)]
            async with server.follow("s", first["position"], FOLLOW) as feed:
                assert (await feed.answer())["data"]["savedSearchHits"] == second
    assert again == [first, second]
    hit = {"kind": "MESSAGE", "constructId": "c"}
    assert (first["searchId"], first["hits"]) == ("s", [{**hit, "snippet": {"text": "A lease is lost."}}])
    assert second["hits"] == [{**hit, "snippet": {"text": "Another lease."}}]
