// What happened to a construct and all that belongs to it, the newest first, and what happens now.

import { html, useEffect, useState } from "../view.js";
import { ask, gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { Empty } from "./empty.js";
import { EntityLink } from "./entity.js";
import { Loaded } from "./loaded.js";
import { Panel } from "./page.js";
import { Time } from "./time.js";
import { toastError } from "./toast.js";

const SHOWN = 30;
// A page may stand open for days: with more than this it begins anew.
const LIVE_MAX = 500;

const TIMELINE = gql`
  query ConstructTimeline($id: ID!, $first: Int!, $after: String) {
    timeline(constructId: $id, orderBy: OCCURRED_AT_DESC, first: $first, after: $after) {
      nodes { id occurredAt type title entityType entityId actor }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

const TIMELINE_ADDED = gql`
  subscription ConstructTimelineAdded($after: Position, $id: ID!) {
    timeline(constructId: $id, after: $after) { id occurredAt type title entityType entityId actor }
  }
`;

function toneOfType(type) {
  if (/fail|dead|reject|missing/.test(type)) {
    return "bad";
  }
  return /complete|approved|ended|checkpoint|created/.test(type) ? "good" : "calm";
}

function added(data, { timeline: entry }) {
  if (data.timeline.nodes.length >= LIVE_MAX) {
    return RELOAD;
  }
  const nodes = [entry, ...data.timeline.nodes.filter((node) => node.id !== entry.id)];
  nodes.sort((one, other) => (one.occurredAt < other.occurredAt ? 1 : one.occurredAt > other.occurredAt ? -1 : 0));
  return { timeline: { ...data.timeline, nodes } };
}

function Entry({ entry }) {
  return html`<li data-tone=${toneOfType(entry.type)}>
    <span>${entry.title}</span>
    <${Time} at=${entry.occurredAt} />
    <span class="detail">
      ${entry.type} · <${EntityLink} type=${entry.entityType} id=${entry.entityId} /> · ${entry.actor}
    </span>
  </li>`;
}

/** A panel with the timeline of the construct with this id. */
export function ConstructTimeline({ id }) {
  const query = useQuery(TIMELINE, { id, first: SHOWN }, { document: TIMELINE_ADDED, variables: { id }, apply: added });
  const [older, setOlder] = useState({ nodes: [], pageInfo: null });
  // What was before is what was before the entries that are there: once these were asked for anew it is another.
  const end = query.data?.timeline.pageInfo.endCursor;
  useEffect(() => setOlder({ nodes: [], pageInfo: null }), [id, end]);
  const more = async () => {
    const { endCursor } = older.pageInfo ?? query.data.timeline.pageInfo;
    try {
      const { timeline } = await ask(TIMELINE, { id, first: SHOWN, after: endCursor });
      setOlder({ nodes: [...older.nodes, ...timeline.nodes], pageInfo: timeline.pageInfo });
    } catch (error) {
      toastError(error);
    }
  };
  return html`<${Panel} title="Timeline">
    <${Loaded} query=${query} rows=${8}>
      ${({ timeline }) => {
        const entries = [...timeline.nodes, ...older.nodes];
        return entries.length === 0
          ? html`<${Empty} title="Nothing has happened yet" />`
          : html`<ol class="timeline">${entries.map((entry) => html`<${Entry} key=${entry.id} entry=${entry} />`)}</ol>
              ${(older.pageInfo ?? timeline.pageInfo).hasNextPage &&
              html`<button type="button" class="button" onClick=${more}>Show what was before</button>`}`;
      }}
    <//>
  <//>`;
}
