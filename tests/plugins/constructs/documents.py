"""GraphQL documents that several of these tests send."""

from __future__ import annotations

SAVE = """
mutation ($input: SaveConstructInput!) {
  saveConstruct(input: $input) {
    created
    changed
    construct {
      id type status title description userId projectId metadata version createdAt updatedAt startedAt endedAt
    }
  }
}
"""
RELATE = """
mutation ($input: RelateConstructsInput!) {
  relateConstructs(input: $input) { created relationship { fromId kind toId metadata createdAt } }
}
"""
LIST = """
query ($filter: ConstructFilter, $orderBy: ConstructOrder! = CREATED_AT_DESC,
       $first: Int, $after: String, $last: Int, $before: String) {
  constructs(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
