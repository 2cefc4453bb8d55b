// Sessions: the runs of agents, as a list under what they belong to.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Empty } from "./empty.js";
import { Loaded } from "./loaded.js";
import { plural } from "./number.js";
import { Panel } from "./page.js";
import { Status } from "./status.js";
import { Table } from "./table.js";
import { Plain } from "./text.js";
import { Duration, Time } from "./time.js";

const SESSIONS = gql`
  query SessionsOf($filter: SessionFilter!) {
    sessions(filter: $filter, first: 50) {
      nodes { id agent title status startedAt endedAt isStale parentSessionId }
      pageInfo { hasNextPage }
    }
  }
`;

const SESSIONS_CHANGED = gql`
  subscription SessionsOfChanged($after: Position, $constructId: ID) {
    events(after: $after, filter: { types: ["session.saved", "session.deleted"], constructId: $constructId }) { type }
  }
`;

const COLUMNS = [
  {
    title: "Session",
    clip: true,
    share: "50%",
    cell: (one) =>
      html`<span><a href=${href(["sessions", one.id])}><${Plain} text=${one.title ?? one.agent ?? one.id} /></a></span>
        <span class="sub">${one.agent}${one.parentSessionId ? ", started by another session" : ""}</span>`,
  },
  { title: "Status", cell: (one) => html`<${Status} value=${one.isStale ? "STALE" : one.status} />` },
  { title: "Started", cell: (one) => html`<${Time} at=${one.startedAt} />` },
  { title: "Took", number: true, cell: (one) => html`<${Duration} from=${one.startedAt} until=${one.endedAt} />` },
];

/** A panel with the sessions of a construct, or those that a session has started. */
export function SessionList({ constructId = null, parentSessionId = null, title = "Sessions" }) {
  const filter = constructId ? { constructId } : { parentSessionId };
  const query = useQuery(SESSIONS, { filter }, { document: SESSIONS_CHANGED, variables: { constructId }, apply: () => RELOAD });
  const found = query.data?.sessions;
  const aside = found && (found.pageInfo.hasNextPage ? "the last 50" : plural(found.nodes.length, "session"));
  return html`<${Panel} title=${title} aside=${aside} flush>
    <${Loaded} query=${query} rows=${4}>
      ${({ sessions }) =>
        html`<${Table}
          label=${title}
          columns=${COLUMNS}
          rows=${sessions.nodes}
          rowKey=${(one) => one.id}
          rowHref=${(one) => href(["sessions", one.id])}
          empty=${html`<${Empty} title="No sessions" icon="agent" />`}
        />`}
    <//>
  <//>`;
}
