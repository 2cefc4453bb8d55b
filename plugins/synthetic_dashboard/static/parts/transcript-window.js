// The stretch of a transcript that is on the page: a few pages of messages around a place, whatever its length.
//
// Messages come in pages, both ways, by their cursors. What goes too far away is dropped, so that memory is bounded
// by the window and not by the transcript.

import { signal } from "../view.js";
import { answer, follow, gql } from "../graphql.js";

const PAGE = 80;
const MOST_MESSAGES = 320;
const MOST_BYTES = 12_000_000;
const LEAST_MESSAGES = 20;

const FORWARD = gql`
  query MessagesForward($id: ID!, $kinds: [MessageKind!], $fromSeq: Int, $first: Int!, $after: String) {
    transcript(id: $id) {
      messageCount
      messages(kinds: $kinds, fromSeq: $fromSeq, first: $first, after: $after) {
        edges {
          cursor
          node { id seq role kind text blocks model occurredAt sizeBytes usage { inputTokens outputTokens } }
        }
        pageInfo { hasNextPage }
      }
    }
  }
`;

const BACKWARD = gql`
  query MessagesBackward($id: ID!, $kinds: [MessageKind!], $last: Int!, $before: String) {
    transcript(id: $id) {
      messageCount
      messages(kinds: $kinds, last: $last, before: $before) {
        edges {
          cursor
          node { id seq role kind text blocks model occurredAt sizeBytes usage { inputTokens outputTokens } }
        }
        pageInfo { hasPreviousPage }
      }
    }
  }
`;

const APPENDED = gql`
  subscription MessagesAppended($after: Position, $id: ID!) {
    transcriptMessages(transcriptId: $id, after: $after) { firstSeq lastSeq }
  }
`;

const EMPTY = { edges: [], hasOlder: false, hasNewer: false, count: 0, error: null, isLoaded: false };

export class TranscriptWindow {
  /** `kinds` are those of the messages that are shown. */
  constructor(id, kinds) {
    this._id = id;
    this._kinds = kinds;
    this._busy = null;
    this._run = 0;
    this._stop = null;
    this._isClosed = false;
    this.state = signal(EMPTY);
  }

  close() {
    this._run += 1;
    this._isClosed = true;
    this._stop?.();
  }

  /** Show what stands around the message `seq`, a little of what is before it included. */
  async jump(seq) {
    const run = (this._run += 1);
    this._busy = null;
    const from = Math.max(1, seq);
    await this._guarded(async () => {
      const forward = await this._page(FORWARD, { fromSeq: from, first: PAGE });
      const first = forward.edges[0]?.cursor;
      const backward =
        first === undefined
          ? await this._page(BACKWARD, { last: PAGE })
          : from > 1
            ? await this._page(BACKWARD, { last: PAGE / 2, before: first })
            : { edges: [], hasMore: false };
      if (run === this._run) {
        this._set({
          edges: [...backward.edges, ...forward.edges],
          hasOlder: backward.hasMore,
          hasNewer: forward.hasMore,
          count: forward.count,
          error: null,
          isLoaded: true,
        });
      }
    });
  }

  /** Show the end. */
  async end() {
    const run = (this._run += 1);
    this._busy = null;
    await this._guarded(async () => {
      const { edges, hasMore, count } = await this._page(BACKWARD, { last: PAGE });
      if (run === this._run) {
        this._set({ edges, hasOlder: hasMore, hasNewer: false, count, error: null, isLoaded: true });
      }
    });
  }

  /** Load what is before the window. */
  older() {
    const { edges, hasOlder } = this.state.value;
    return this._extend(hasOlder && edges.length > 0, async () => {
      const { edges: added, hasMore } = await this._page(BACKWARD, { last: PAGE, before: edges[0].cursor });
      return () => {
        const all = [...added, ...this.state.value.edges];
        const kept = bounded(all, (list, drop) => list.slice(0, list.length - drop), -1);
        return { edges: kept, hasOlder: hasMore, hasNewer: this.state.value.hasNewer || kept.length < all.length };
      };
    });
  }

  /** Load what comes after the window. */
  newer() {
    const { edges, hasNewer } = this.state.value;
    return this._extend(hasNewer && edges.length > 0, async () => {
      const { edges: added, hasMore } = await this._page(FORWARD, { first: PAGE, after: edges.at(-1).cursor });
      return () => {
        const all = [...this.state.value.edges, ...added];
        const kept = bounded(all, (list, drop) => list.slice(drop), 0);
        return { edges: kept, hasNewer: hasMore, hasOlder: this.state.value.hasOlder || kept.length < all.length };
      };
    });
  }

  // One page at a time: what comes while one is under way is given the same promise.
  _extend(isWanted, load) {
    if (!isWanted) {
      return Promise.resolve();
    }
    const run = this._run;
    this._busy ??= this._guarded(async () => {
      const changes = await load();
      if (run === this._run) {
        this._set({ ...changes(), error: null });
      }
    }).finally(() => {
      if (run === this._run) {
        this._busy = null;
      }
    });
    return this._busy;
  }

  async _page(document, variables) {
    const { data, position } = await answer(document, { id: this._id, kinds: this._kinds, ...variables });
    const { transcript } = data;
    this._follow(position);
    if (transcript === null) {
      return { edges: [], hasMore: false, count: 0 };
    }
    const { edges, pageInfo } = transcript.messages;
    return { edges, hasMore: pageInfo.hasNextPage ?? pageInfo.hasPreviousPage, count: transcript.messageCount };
  }

  // From the first answer on, so that nothing is appended unseen between the two.
  _follow(position) {
    if (this._stop === null && !this._isClosed) {
      this._stop = follow(APPENDED, { id: this._id }, position, {
        next: ({ transcriptMessages: { lastSeq } }) => this._appended(lastSeq),
        resync: () => {
          this._stop = null;
          this.jump(this.state.value.edges[0]?.node.seq ?? 1);
        },
        failed: (error) => this._set({ error }),
      });
    }
  }

  async _guarded(work) {
    try {
      await work();
    } catch (error) {
      this._set({ error, isLoaded: true });
    }
  }

  // New messages are taken in at once only where the window reached the end; else it is enough to know of them.
  _appended(lastSeq) {
    const { isLoaded, hasNewer, edges, count } = this.state.value;
    if (isLoaded && lastSeq > count) {
      this._set({ count: lastSeq, hasNewer: true });
      if (!hasNewer && edges.length === 0) {
        this.end();
      } else if (!hasNewer) {
        this.newer();
      }
    }
  }

  _set(changes) {
    this.state.value = { ...this.state.value, ...changes };
  }
}

/** Drop from one end (`from` 0: the beginning, -1: the end) what is beyond the window's bounds. */
function bounded(edges, cut, from) {
  let size = edges.reduce((sum, { node }) => sum + node.sizeBytes, 0);
  let drop = 0;
  while (edges.length - drop > LEAST_MESSAGES && (edges.length - drop > MOST_MESSAGES || size > MOST_BYTES)) {
    size -= edges.at(from === 0 ? drop : -1 - drop).node.sizeBytes;
    drop += 1;
  }
  return drop > 0 ? cut(edges, drop) : edges;
}
