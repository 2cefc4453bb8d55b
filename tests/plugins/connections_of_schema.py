"""Every connection of the schema, what can be selected of it, and a store in which none of them is empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, build_client_schema, get_introspection_query
from graphql import get_named_type as named
from graphql import is_leaf_type as is_leaf
from graphql import is_object_type as is_object
from graphql import is_required_argument as is_required

from synthetic import Event, Store, Transaction, read_events
from synthetic.log.consumers.batches import Lane, fold_events
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.testing import expect_data
from synthetic_deliveries.services import gather
from synthetic_search.saved.services import look_for_searches
from tests.plugins.ingest.kit import ingest
from tests.plugins.ingest.samples import jsonl, write
from tests.plugins.ingest.samples_of_runs import CHAT_LINES
from tests.plugins.search.index.making import index_all

Selected: TypeAlias = dict[str, "Selected"]
"""Fields, each with what is selected below it."""

GIVEN = {"timeline": 'constructId: "c0", ', "search": 'query: "message plan", '}
"""What connections at the root cannot be asked for without."""

PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")

SAVE_CONSTRUCT = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "A plan"}) { created } }'
RELATE = """
mutation ($from: ID!, $to: ID!) { relateConstructs(input: {fromId: $from, toId: $to, kind: PARENT}) { created } }"""
SAVE_SESSION = """
mutation ($id: ID!, $of: ID, $parent: ID) {
  saveSession(input: {id: $id, constructId: $of, parentSessionId: $parent, agent: "builder-3"}) { created }
}"""
SAVE_CONTEXT = """
mutation ($id: ID!, $ts: String!) {
  saveSessionContext(input: {id: $id, sessionId: "s0", channel: "C1", threadTs: $ts, state: {at: 1}}) { created }
}"""
SAVE_THREAD = """
mutation ($ts: String!) { saveThreadSession(input: {channel: "C1", threadTs: $ts, sessionId: "s0"}) { created } }"""
APPEND = """
mutation ($id: ID!, $session: ID!, $messages: [NewMessageInput!]!) {
  appendMessages(input: {transcriptId: $id, sessionId: $session, messages: $messages}) { appended }
}"""
SAVE_JOB = """
mutation ($id: ID!, $of: ID, $parent: ID) {
  saveJob(input: {id: $id, kind: "build", constructId: $of, parentId: $parent}) { created }
}"""
CLAIM = 'mutation ($id: ID!) { claimJob(input: {id: $id, worker: "worker-1"}) { job { leaseToken } } }'
CHECKPOINT = """
mutation ($id: ID!) {
  saveCheckpoint(input: {jobId: $id, leaseToken: 1, phase: "scan", data: {at: 1}}) { job { id } }
}"""
SAVE_SCHEDULE = """
mutation ($id: ID!) {
  saveJobSchedule(input: {id: $id, everyMs: 3600000, job: {kind: "build"}}) { schedule { id } }
}"""
ASK = """
mutation ($id: ID!) {
  requestApproval(input: {id: $id, tool: "shell", arguments: {n: 1}, jobId: "j0", sessionId: "s0"}) { created }
}"""
BURY = """
mutation ($id: ID!) {
  saveDeadLetter(input: {id: $id, constructId: "c0", error: {code: "LOST", message: "It is lost."}}) { created }
}"""
REDRIVE = """
mutation ($id: ID!) { redriveDeadLetters(input: {id: $id, filter: {sources: ["message"]}}) { __typename } }"""
KEEP = """
mutation ($id: ID!) {
  createArtifact(input: {id: $id, type: "log", name: "a.log", text: "A line.", sessionId: "s0", jobId: "j0"}) {
    created
  }
}"""
TARGET = """
mutation ($id: ID!) {
  saveDeliveryTarget(input: {id: $id, name: "Hooks", url: "https://hooks.example.com/x"}) { created }
}"""
END = """
mutation ($id: ID!, $end: DateTime!) {
  saveSession(input: {
    id: $id, agent: "builder-3", status: ENDED, startedAt: "2026-01-01T00:00:00Z", endedAt: $end
  }) { created }
}"""
MACHINE = """
mutation ($name: String!) {
  saveWorkflowMachine(input: {
    name: $name, states: ["A"], initialStates: ["A"], finalStates: ["A"], transitions: [{from: "A", to: "A"}]
  }) { created }
}"""
GO = """
mutation ($id: ID!) {
  recordTransition(input: {
    workflowId: $id, to: "A", machine: "m0", projectId: "p0", storyId: "y0", constructId: "c0"
  }) { created }
}"""
WRITE_DOWN = """
mutation ($id: ID!, $body: String!, $version: Int) {
  saveDocument(input: {
    id: $id, kind: "PLAN", title: "A plan", body: $body, constructId: "c0", storyId: "y0", projectId: "p0",
    ifVersion: $version
  }) { created }
}"""
CARRY_OUT = """
mutation { relateConstructs(input: {fromId: "c0", toId: "c1", kind: PLAN_TO_IMPLEMENTATION}) { created } }"""
PAY = """
mutation ($id: ID!) {
  recordCost(input: {id: $id, kind: "tool", sessionId: "s0", costMicros: 5, currency: "USD"}) { created }
}"""
BUDGET = """
mutation ($id: ID!) {
  saveBudget(input: {id: $id, name: "B", constructId: "c0", limitMicros: 5, currency: "USD"}) { created }
}"""
KEEP_SEARCH = """
mutation ($id: ID!) { saveSearch(input: {id: $id, name: "Plans", query: "message plan"}) { created } }"""
TRY = "mutation ($id: ID!) { testDeliveryTarget(input: {id: $id}) { __typename } }"
RUN_SCHEDULE = "mutation ($id: ID!) { runJobSchedule(input: {id: $id}) { job { id } } }"


def fill(store: Store, folder: Path) -> None:
    """Three of everything, and of what may be below it."""

    def ask(document: str, **variables: object) -> None:
        expect_data(store.graphql(document, variables))

    for number in range(3):
        construct, session, job = f"c{number}", f"s{number}", f"j{number}"
        ask(KEEP_SEARCH, id=f"v{number}")
        ask(SAVE_CONSTRUCT, id=construct)
        ask(SAVE_SESSION, id=session, of="c0", parent="s0" if number else None)
        ask(SAVE_CONTEXT, id=f"x{number}", ts=f"1712345678.00010{number}")
        ask(SAVE_THREAD, ts=f"1712345678.00010{number}")
        ask(SAVE_JOB, id=job, of="c0", parent="j0" if number else None)
        ask(CLAIM, id=job)
        ask(CHECKPOINT, id=job)
        ask(SAVE_SCHEDULE, id=f"h{number}")
        ask(RUN_SCHEDULE, id="h0")
        ask(ASK, id=f"a{number}")
        ask(BURY, id=f"l{number}")
        ask(REDRIVE, id=f"r{number}")
        ask(KEEP, id=f"f{number}")
        ask(TARGET, id=f"g{number}")
        ask(TRY, id="g0")
        ask(PAY, id=f"k{number}")
        ask(BUDGET, id=f"b{number}")
        ask(MACHINE, name=f"m{number}")
        ask(GO, id=f"w{number}")
        ask(GO, id=f"w{number}")
        ask(WRITE_DOWN, id=f"d{number}", body="One.", version=None)
        ask(WRITE_DOWN, id=f"d{number}", body="Two.", version=1)
        for transcript in (f"t{number}", f"s0-{number}"):
            messages = [
                {
                    "sourceId": f"m{index}",
                    "role": "USER",
                    "kind": "TEXT",
                    "text": f"message {index}",
                    "metadata": {"at": index},
                    **({"parentSourceId": f"m{index - 1}"} if index else {}),
                }
                for index in range(3)
            ]
            ask(APPEND, id=transcript, session="s0" if transcript.startswith("s") else session, messages=messages)
    for start, end in (("c0", "c1"), ("c0", "c2"), ("c1", "c2")):
        ask(RELATE, **{"from": start, "to": end})
    ask(CARRY_OUT)
    for number in range(3):
        write(folder / f"{number}.jsonl", jsonl(CHAT_LINES[0]) + b"{1\n{2\n{3\n" + jsonl(CHAT_LINES[1]))
    ingest(store, folder)
    while gather(store):
        pass
    for number in range(21):
        ask(END, id=f"e{number}", end=f"2026-01-01T0{number // 20}:00:0{number % 5}Z")
    fold(store)
    index_all(store)
    while look_for_searches(store):
        pass


def fold(store: Store) -> None:
    """Bring all folds in step with the log."""
    for consumer in store.kernel.consumers:
        events = store.read(read_events, 0, 100_000, consumer.wanted).events

        def take_in(tx: Transaction, consumer: DeclaredConsumer = consumer, events: list[Event] = events) -> None:
            state = fold_events(tx, consumer, Lane.LIVE, events)
            if state is not None:
                state.write_back(tx)

        store.write(take_in)


@dataclass(frozen=True)
class Connected:
    """A connection of the schema.

    Attributes:
        path: Names of fields: of the connection at the root, and below its nodes, if that is where it is.
        node: The type of its nodes.
    """

    path: tuple[str, ...]
    node: GraphQLObjectType

    def document(self, selections: list[str], arguments: str = "first: 2") -> str:
        """An operation that asks it for several selections, under `a0`, `a1` and so on."""
        root, is_root = self.path[0], len(self.path) == 1
        given = GIVEN.get(root, "")
        name = f"{root}({given}" if is_root else f"{self.path[1]}("
        parts = " ".join(f"a{n}: {name}{arguments}) {each}" for n, each in enumerate(selections))
        return f"{{ {parts} }}" if is_root else f"{{ {root}({given}first: 10) {{ nodes {{ {parts} }} }} }}"

    def answers(self, data: dict[str, Any], count: int) -> list[list[Any]]:
        """For each of the selections, what its connection answers below each parent."""
        parents = [data] if len(self.path) == 1 else data[self.path[0]]["nodes"]
        return [[parent[f"a{n}"] for parent in parents] for n in range(count)]

    def everything(self) -> Selected:
        """All that can be selected of it, without what is below the nodes' own connections."""
        node: Selected = {"__typename": {}}
        for name, field in self.node.fields.items():
            kind = named(field.type)
            if any(map(is_required, field.args.values())) or is_connection(field):
                continue
            if is_leaf(kind):
                node[name] = {}
            elif is_object(kind):
                leaves = [each for each, below in kind.fields.items() if is_leaf(named(below.type)) and not below.args]
                node[name] = {each: {} for each in ("__typename", *leaves)}
        info: Selected = {each: {} for each in PAGE_INFO}
        return {"totalCount": {}, "pageInfo": info, "nodes": node, "edges": {"cursor": {}, "node": node}}

    def alone(self) -> Iterator[Selected]:
        """Each of these things alone; an object below a node is one thing."""
        whole = self.everything()
        yield {"totalCount": {}}
        yield from ({"pageInfo": {name: {}}} for name in PAGE_INFO)
        yield {"edges": {"cursor": {}}}
        yield {"edges": {"__typename": {}}}
        for name, below in whole["nodes"].items():
            yield {"nodes": {name: below}}
            yield {"edges": {"node": {name: below}}}


def is_connection(field: GraphQLField) -> bool:
    return named(field.type).name.endswith("Connection")


def schema_of(store: Store) -> GraphQLSchema:
    introspected: Any = expect_data(store.graphql(get_introspection_query(), {}))
    return build_client_schema(introspected)


def connections_of(schema: GraphQLSchema) -> list[Connected]:
    """Those at the root, and those of the nodes of these."""
    assert schema.query_type is not None
    found: list[Connected] = []
    for name, field in schema.query_type.fields.items():
        if is_connection(field):
            node: Any = named(named(field.type).fields["nodes"].type)
            found.append(Connected((name,), node))
            found += [
                Connected((name, each), named(named(below.type).fields["nodes"].type))
                for each, below in node.fields.items()
                if is_connection(below)
            ]
    return found


def written(selected: Selected) -> str:
    """A selection as GraphQL has it."""
    return f"{{ {' '.join(name + (written(below) if below else '') for name, below in selected.items())} }}"


def part_of(answer: Any, selected: Selected) -> Any:
    """What an answer has for a part of its selection; type names of edges were not asked for."""
    if not selected or answer is None:
        return answer
    if isinstance(answer, list):
        return [part_of(each, selected) for each in answer]
    return {name: part_of(answer[name], below) for name, below in selected.items() if name in answer}
