"""GraphQL documents that several of these tests send."""

from __future__ import annotations

APPEND = """
mutation ($input: AppendMessagesInput!) {
  appendMessages(input: $input) {
    firstSeq lastSeq appended duplicates
    transcript {
      id sessionId source title messageCount toolCallCount sizeBytes firstAt lastAt appendedAt createdAt updatedAt
      messageCounts { text thinking toolCall toolResult system other }
      usage { model responses inputTokens outputTokens cacheReadTokens cacheWriteTokens }
    }
  }
}
"""
MESSAGES = """
query ($id: ID!, $kinds: [MessageKind!], $fromSeq: Int, $first: Int, $after: String, $last: Int, $before: String) {
  transcript(id: $id) {
    messages(kinds: $kinds, fromSeq: $fromSeq, first: $first, after: $after, last: $last, before: $before) {
      totalCount
      nodes { seq }
      edges { cursor node { seq } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
SESSION = 'mutation ($id: ID!) { saveSession(input: {id: $id, startedAt: "2026-01-01T00:00:00Z"}) { created } }'
