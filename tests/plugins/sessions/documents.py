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
SAVE_CONTEXT = """
mutation ($input: SaveSessionContextInput!) {
  saveSessionContext(input: $input) {
    created
    changed
    context { id sessionId userId channel threadTs state lastUsedAt version createdAt updatedAt }
  }
}
"""
CONTEXTS = """
query ($filter: SessionContextFilter, $orderBy: SessionContextOrder! = LAST_USED_AT_DESC, $first: Int, $after: String) {
  sessionContexts(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    nodes { id }
    pageInfo { hasNextPage endCursor }
  }
}
"""
DELETE_CONTEXT = "mutation ($id: ID!) { deleteSessionContext(input: {id: $id}) { context { id } } }"
SAVE_THREAD = """
mutation ($input: SaveThreadSessionInput!) {
  saveThreadSession(input: $input) {
    created
    changed
    thread { id channel threadTs sessionId userId lastMessageAt version createdAt updatedAt }
  }
}
"""
THREADS = """
query ($filter: ThreadSessionFilter, $orderBy: ThreadSessionOrder! = LAST_MESSAGE_AT_DESC,
       $first: Int, $after: String) {
  threadSessions(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    nodes { threadTs }
    pageInfo { hasNextPage endCursor }
  }
}
"""
DELETE_THREAD = """
mutation ($input: DeleteThreadSessionInput!) { deleteThreadSession(input: $input) { thread { id } } }"""
TOUCH_SESSION = """
mutation ($id: ID!) { touchSession(input: {id: $id}) { durable session { id lastActivityAt version } } }"""
TOUCH_CONTEXT = """
mutation ($id: ID!) { touchSessionContext(input: {id: $id}) { durable context { id lastUsedAt version } } }"""
TOUCH_THREAD = """
mutation ($channel: String!, $ts: String!) {
  touchThreadSession(input: {channel: $channel, threadTs: $ts}) { durable thread { threadTs lastMessageAt version } }
}
"""
