"""`synthetic search`: what was found, with the words that were searched for in colour."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from synthetic import Store, SyntheticError, ms_from_iso
from synthetic.cli import DataOption, JsonOption, console_on, emit, open_store, plain, show, span_in_words
from synthetic_search.asking.enums import SearchGrouping, SearchMode

SEARCH = """
query ($query: String!, $mode: SearchMode, $filter: SearchFilter, $groupBy: SearchGrouping, $first: Int) {
  search(query: $query, mode: $mode, filter: $filter, groupBy: $groupBy, first: $first) {
    mode totalCount isExact didYouMean pageInfo { hasNextPage endCursor }
    nodes {
      kind id nodeId title score constructId sessionId status facets occurredAt groupSize
      snippet { text highlights { start end } }
    }
  }
  syncStatus(module: "search.index") { lagEvents }
}"""

STYLE = "bold yellow"

WordsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="WORDS...",
        help='What to look for: words, "phrases", AND, OR, NOT, pre*, kind:, status:, before: and after:. Put -- in '
        "front of words that begin with a minus.",
        show_default=False,
    ),
]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="Only documents of this kind. May be repeated.")
]
ConstructOption = Annotated[
    list[str] | None, typer.Option("--construct", metavar="ID", help="Only what belongs to it. May be repeated.")
]
ModeOption = Annotated[
    SearchMode | None,
    typer.Option("--mode", case_sensitive=False, help="By words, by meaning, or by both; as the store can, else."),
]
GroupOption = Annotated[
    SearchGrouping | None, typer.Option("--group-by", case_sensitive=False, help="The best hit of each of these.")
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many hits at most.", min=1, max=200)]


def search(
    words: WordsArgument,
    kind: KindOption = None,
    construct: ConstructOption = None,
    mode: ModeOption = None,
    group_by: GroupOption = None,
    limit: LimitOption = 10,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search all that the store has: messages, files, jobs, constructs and more. The best hits come first."""
    asked = {
        "query": " ".join(words),
        "mode": mode,
        "filter": {"kinds": [each.upper() for each in kind] if kind else None, "constructIds": construct or None},
        "groupBy": group_by,
        "first": limit,
    }
    with open_store(data) as store:
        answer = _ask(store, asked)
        now = store.kernel.clock.now_ms()
    found = answer["data"]["search"]
    notices: list[dict[str, str]] = answer.get("extensions", {}).get("notices", [])
    behind: int | None = answer["data"]["syncStatus"][0]["lagEvents"]
    if as_json:
        emit({**found, "notices": notices, "lagEvents": behind}, as_json)
    else:
        _show(found, notices, now, behind)


def _ask(store: Store, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to the query.

    Raises:
        SyntheticError: It has none; the error is that of the answer.
    """
    answer = store.graphql(SEARCH, asked)
    if answer.get("errors"):
        error = answer["errors"][0]
        contract = error["extensions"]
        # Of several with one code the first is the code's own, and the others are kinds of it.
        classes = {each.code: each for each in reversed(list(_classes_of(SyntheticError)))}
        raise classes.get(contract["code"], SyntheticError)(
            error["message"], action=contract.get("action"), details=contract.get("details")
        )
    return answer


def _classes_of(error_class: type[SyntheticError]) -> Iterator[type[SyntheticError]]:
    for each in error_class.__subclasses__():
        yield each
        yield from _classes_of(each)


def _show(found: dict[str, Any], notices: list[dict[str, str]], now: int, behind: int | None) -> None:
    console = console_on(sys.stdout)
    for hit in found["nodes"]:
        heading = plain(hit["title"] or hit["id"], "bold")
        age = span_in_words(max(0, now - ms_from_iso(hit["occurredAt"])))
        more = f", the best of {hit['groupSize']:,}" if hit["groupSize"] > 1 else ""
        status = f" {hit['status']}" if hit["status"] else ""
        heading.append_text(plain(f"  {hit['kind']}{status}, {age} ago{more}", "dim"))
        console.print(heading)
        snippet = plain(hit["snippet"]["text"])
        for highlight in hit["snippet"]["highlights"]:
            snippet.stylize(STYLE, highlight["start"], highlight["end"])
        if snippet.plain:
            console.print(snippet)
        console.print(plain(hit["nodeId"] or hit["id"], "dim"))
        console.print()
    for notice in notices:
        show(notice["message"])
    if found["didYouMean"]:
        show(f"Did you mean: {found['didYouMean']}")
    show(_count_in_words(found))
    # A command does no background work: what no server has indexed cannot be found.
    if behind is None:
        show("This store has not been indexed yet; a server does that: synthetic serve")
    elif behind:
        changes = "change is" if behind == 1 else "changes are"
        show(f"At least {behind:,} {changes} not indexed yet; a server does that: synthetic serve")


def _count_in_words(found: dict[str, Any]) -> str:
    listed, total = len(found["nodes"]), found["totalCount"]
    if not listed:
        return "Nothing was found."
    count = f"{total:,}" if found["isExact"] else f"{total:,} or more"
    return f"{listed:,} of {count}, searched by {_MODES[found['mode']]}."


_MODES = {"LEXICAL": "words", "SEMANTIC": "meaning", "HYBRID": "words and meaning"}
