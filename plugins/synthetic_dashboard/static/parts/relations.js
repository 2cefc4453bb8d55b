// How a construct relates to others, as a graph: what leads to it on the left, what follows from it on the right.

import { html, useEffect, useRef, useState } from "../view.js";
import { ask, follow, gql } from "../graphql.js";
import { href } from "../router.js";
import { layout } from "./graph-layout.js";
import { Empty } from "./empty.js";
import { plural } from "./number.js";
import { Panel } from "./page.js";
import { Problem } from "./problem.js";
import { Skeleton } from "./skeleton.js";
import { toneOf, words } from "./status.js";
import { firstLine } from "./text.js";

const STEPS = 2;
const MOST_NODES = 60;
const NODE = { width: 208, height: 46, gapX: 76, gapY: 16 };
const KINDS = {
  PARENT: "is the parent of",
  PLAN_TO_IMPLEMENTATION: "is the plan of",
  DEPENDS_ON: "depends on",
  RELATED: "is related to",
};
// Two constructs may be related in several ways at once: the edges run beside each other.
const KIND_SHIFTS = { PARENT: -10, PLAN_TO_IMPLEMENTATION: 0, DEPENDS_ON: 10, RELATED: 16 };

const RELATED = gql`
  query RelatedConstructs($ids: [ID!]!, $first: Int!) {
    constructs(filter: { ids: $ids }, first: $first) {
      nodes {
        id title status type
        relationships(direction: BOTH, first: 40) {
          nodes {
            kind fromId toId
            fromConstruct { id title status type }
            toConstruct { id title status type }
          }
          pageInfo { hasNextPage }
        }
      }
    }
  }
`;

const RELATIONS_CHANGED = gql`
  subscription RelationsChanged($after: Position, $constructId: ID!) {
    events(
      after: $after
      filter: { types: ["construct_relationship.saved", "construct_relationship.deleted"], constructId: $constructId }
    ) {
      type
    }
  }
`;

/** The constructs within two steps of one, and what relates them: {nodes, edges, isWhole}. */
async function around(id) {
  const nodes = new Map();
  const edges = new Map();
  let isWhole = true;
  let ids = [id];
  for (let step = 0; step < STEPS && ids.length > 0; step += 1) {
    const { constructs } = await ask(RELATED, { ids, first: ids.length });
    const seen = [];
    for (const { relationships, ...construct } of constructs.nodes) {
      nodes.set(construct.id, construct);
      isWhole &&= !relationships.pageInfo.hasNextPage;
      for (const { kind, fromId, toId, fromConstruct, toConstruct } of relationships.nodes) {
        const isNew = [fromConstruct, toConstruct].filter((one) => !nodes.has(one.id));
        if (nodes.size + isNew.length > MOST_NODES) {
          isWhole = false;
          continue;
        }
        for (const one of isNew) {
          nodes.set(one.id, one);
          seen.push(one.id);
        }
        edges.set(`${kind} ${fromId} ${toId}`, { kind, from: fromId, to: toId });
      }
    }
    ids = seen;
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()], isWhole };
}

function Node({ node, place, isCentre }) {
  return html`<a href=${href(["constructs", node.id])} data-tone=${toneOf(node.status)}>
    <title>${`${node.title} (${node.type}, ${words(node.status).toLowerCase()})`}</title>
    <g class=${isCentre ? "graph-node centre" : "graph-node"} transform=${`translate(${place.x} ${place.y})`}>
      <rect width=${NODE.width} height=${NODE.height} rx="6" />
      <rect class="graph-state" width="4" height=${NODE.height} rx="2" />
      <text x="14" y="19">${firstLine(node.title, 27)}</text>
      <text class="graph-note" x="14" y="36">${firstLine(`${words(node.status)} · ${node.type}`, 32)}</text>
    </g>
  </a>`;
}

function Edge({ edge, from, to }) {
  const forward = to.x >= from.x;
  const [x1, x2] = forward ? [from.x + NODE.width, to.x] : [from.x, to.x + NODE.width];
  const [y1, y2] = [from.y + NODE.height / 2, to.y + NODE.height / 2];
  const sameColumn = from.x === to.x;
  const bend = sameColumn ? NODE.gapX * 0.55 : (x2 - x1) / 2;
  const [startX, endX] = sameColumn ? [from.x + NODE.width, to.x + NODE.width] : [x1, x2];
  const shift = KIND_SHIFTS[edge.kind];
  const path = `M${startX} ${y1 + shift}C${startX + bend} ${y1 + shift} ${endX + (sameColumn ? bend : -bend)} ${y2 + shift} ${endX} ${y2 + shift}`;
  return html`<path class="graph-edge" data-kind=${edge.kind} d=${path} marker-end=${edge.kind === "RELATED" ? undefined : "url(#graph-arrow)"}>
    <title>${KINDS[edge.kind]}</title>
  </path>`;
}

function Graph({ id, graph }) {
  const { places, width, height } = layout(id, graph.nodes, graph.edges, NODE);
  const element = useRef(null);
  useEffect(() => {
    const { x, y } = places.get(id);
    element.current.scrollTo(x + (NODE.width - element.current.clientWidth) / 2, y + (NODE.height - element.current.clientHeight) / 2);
  }, [graph]);
  return html`<div ref=${element} class="graph" tabindex="0" role="group" aria-label="Graph of the relations; the same as a list stands below">
    <svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`}>
      <defs>
        <marker id="graph-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0L8 4L0 8z" />
        </marker>
      </defs>
      ${graph.edges.map((edge) => html`<${Edge} edge=${edge} from=${places.get(edge.from)} to=${places.get(edge.to)} />`)}
      ${graph.nodes.map((node) => html`<${Node} node=${node} place=${places.get(node.id)} isCentre=${node.id === id} />`)}
    </svg>
  </div>`;
}

function List({ graph }) {
  const titles = new Map(graph.nodes.map((node) => [node.id, node.title]));
  const link = (id) => html`<a href=${href(["constructs", id])}>${titles.get(id)}</a>`;
  return html`<details>
    <summary>As a list</summary>
    <ul class="relations-list">
      ${graph.edges.map((edge) => html`<li>${link(edge.from)} <span class="soft">${KINDS[edge.kind]}</span> ${link(edge.to)}</li>`)}
    </ul>
  </details>`;
}

/** A panel with the graph around the construct with this id. */
export function Relations({ id }) {
  const [graph, setGraph] = useState(null);
  const [error, setError] = useState(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let wanted = true;
    around(id).then(
      (found) => wanted && (setGraph(found), setError(null)),
      (failure) => wanted && setError(failure),
    );
    return () => {
      wanted = false;
    };
  }, [id, round]);
  useEffect(() => {
    const again = () => setRound((before) => before + 1);
    return follow(RELATIONS_CHANGED, { constructId: id }, null, { next: again, resync: again, failed: setError });
  }, [id]);

  const aside = graph && graph.edges.length > 0 && (graph.isWhole ? plural(graph.edges.length, "relation") : "not all are drawn");
  return html`<${Panel} title="Relations" aside=${aside}>
    ${error && html`<${Problem} error=${error} />`}
    ${graph === null
      ? !error && html`<${Skeleton} rows=${4} />`
      : graph.edges.length === 0
        ? html`<${Empty} title="It is related to no other construct" icon="constructs" />`
        : html`<${Graph} id=${id} graph=${graph} /><${List} graph=${graph} />`}
  <//>`;
}
