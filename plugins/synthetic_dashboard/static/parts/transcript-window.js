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
          node {
            id seq role kind text blocks model occurredAt sizeBytes usage { inputTokens outputTokens }
            startedSession { id agent transcripts(first: 1) { nodes { id } } }
          }
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
          node {
            id seq role kind text blocks model occurredAt sizeBytes usage { inputTokens outputTokens }
            startedSession { id agent transcripts(first: 1) { nodes { id } } }
          }
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
    this._told = 0;
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
  jump(seq) {
    const from = Math.max(1, seq);
    return this._replace(async () => {
      const forward = await this._page(FORWARD, { fromSeq: from, first: PAGE });
      const first = forward.edges[0]?.cursor;
      const backward =
        first === undefined
          ? await this._page(BACKWARD, { last: PAGE })
          : from > 1
            ? await this._page(BACKWARD, { last: PAGE / 2, before: first })
            : { edges: [], hasMore: false };
      return {
        edges: [...backward.edges, ...forward.edges],
        hasOlder: backward.hasMore,
        hasNewer: forward.hasMore,
        count: forward.count,
      };
    });
  }

  /** Show the end. */
  end() {
    return this._replace(async () => {
      const { edges, hasMore, count } = await this._page(BACKWARD, { last: PAGE });
      return { edges, hasOlder: hasMore, hasNewer: false, count };
    });
  }

  /** Load what is before the window. */
  older() {
    const { edges, hasOlder, hasNewer } = this.state.value;
    return this._extend(hasOlder && edges.length > 0, async () => {
      const { edges: added, hasMore } = await this._page(BACKWARD, { last: PAGE, before: edges[0].cursor });
      const all = [...added, ...edges];
      const kept = bounded(all, (list, drop) => list.slice(0, list.length - drop), -1);
      return { edges: kept, hasOlder: hasMore, hasNewer: hasNewer || kept.length < all.length };
    });
  }

  /** Load what comes after the window. */
  newer() {
    const { edges, hasOlder, hasNewer } = this.state.value;
    return this._extend(hasNewer && edges.length > 0, async () => {
      const { edges: added, hasMore } = await this._page(FORWARD, { first: PAGE, after: edges.at(-1).cursor });
      const all = [...edges, ...added];
      const kept = bounded(all, (list, drop) => list.slice(drop), 0);
      return { edges: kept, hasNewer: hasMore, hasOlder: hasOlder || kept.length < all.length };
    });
  }

  // Another stretch in the place of this one; what is under way for this one is given up.
  _replace(load) {
    this._run += 1;
    return this._change(load);
  }

  // One page at a time: what comes while one is under way, or another stretch, is given the same promise.
  _extend(isWanted, load) {
    return this._busy ?? (isWanted ? this._change(load) : Promise.resolve());
  }

  // What is appended while `load` is under way is perhaps not in what it gives: the window then stands before the end,
  // and goes on at once where it would have reached it.
  _change(load) {
    const run = this._run;
    const told = this._told;
    let isBehind = false;
    const work = async () => {
      const changes = await load();
      if (run === this._run) {
        const isTold = this._told > told;
        isBehind = isTold && !changes.hasNewer;
        const count = Math.max(changes.count ?? this.state.value.count, isTold ? this._told : 0);
        this._set({ ...changes, count, hasNewer: changes.hasNewer || isTold, error: null, isLoaded: true });
      }
    };
    this._busy = work()
      .catch((error) => run === this._run && this._set({ error, isLoaded: true }))
      .then(() => {
        if (run === this._run) {
          this._busy = null;
          return isBehind ? this._catchUp() : undefined;
        }
      });
    return this._busy;
  }

  _catchUp() {
    return this.state.value.edges.length === 0 ? this.end() : this.newer();
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

  // New messages are taken in at once only where the window reached the end; else it is enough to know of them.
  _appended(lastSeq) {
    this._told = Math.max(this._told, lastSeq);
    const { isLoaded, hasNewer, count } = this.state.value;
    if (isLoaded && lastSeq > count) {
      this._set({ count: lastSeq, hasNewer: true });
      if (!hasNewer) {
        this._catchUp();
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
