"""GraphQL documents that several of these tests send."""

from __future__ import annotations

SAVE = """
mutation ($input: SaveSessionInput!) {
  saveSession(input: $input) {
    created
    changed
    session {
      id constructId parentSessionId agent title userId projectId status
      startedAt lastActivityAt endedAt metadata version createdAt updatedAt
    }
  }
}
"""
LIST = """
query ($filter: SessionFilter, $orderBy: SessionOrder! = STARTED_AT_DESC,
       $first: Int, $after: String, $last: Int, $before: String) {
  sessions(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
CONSTRUCT = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "A plan"}) { created } }'
