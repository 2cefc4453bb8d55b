"""A GraphQL executor that compiles an operation once, and completes each level of its answer for all parents at once.

It knows graphql-core's schemas and documents, and nothing else of this
project. docs/executor.md explains it with an example.

The rooms: `plan` and `compiler` (from an operation to its plan), `objects` and
`field_plan` (a level of objects, field by field), `builders` (generated code), `completion`,
`lists` and `composites` (values of each kind of type), `leaves` (scalars and enums),
`sources`, `rows`, `columns` and `unread` (where values come from), `records` (objects that
are only to be written), `asked` (what a selection will read), `frames` and `failures`
(where errors are, and which of them count), `waiting` (asynchronous resolvers), `run` (one execution), `executing` (the
doors that graphql-core has).
"""

from __future__ import annotations

from synthetic.graphql.executor.asked import EVERYTHING, Asked
from synthetic.graphql.executor.columns import Columns, RowLists
from synthetic.graphql.executor.compiler import Knowledge, NotCompiled, Size
from synthetic.graphql.executor.executing import BreadthFirstExecutor, execute
from synthetic.graphql.executor.plan import OperationPlans, Plan
from synthetic.graphql.executor.rows import Layout, Row, Rows, values_of
from synthetic.graphql.executor.run import Run
from synthetic.graphql.executor.sources import (
    Attribute,
    Batched,
    Call,
    Constant,
    Default,
    PerParent,
    Source,
    SourceOf,
    default_source,
)
from synthetic.graphql.executor.unread import LeafField, LeafFields, Unread, UnreadSource
from synthetic.graphql.executor.waiting import Step, abandon, finish, gather, is_awaitable, run_until_waiting

__all__ = [
    "EVERYTHING",
    "Asked",
    "Attribute",
    "Batched",
    "BreadthFirstExecutor",
    "Call",
    "Columns",
    "Constant",
    "Default",
    "Knowledge",
    "Layout",
    "LeafField",
    "LeafFields",
    "NotCompiled",
    "OperationPlans",
    "PerParent",
    "Plan",
    "Row",
    "RowLists",
    "Rows",
    "Run",
    "Size",
    "Source",
    "SourceOf",
    "Step",
    "Unread",
    "UnreadSource",
    "abandon",
    "default_source",
    "execute",
    "finish",
    "gather",
    "is_awaitable",
    "run_until_waiting",
    "values_of",
]
