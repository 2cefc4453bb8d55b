// Transcripts: the sessions of agents and what they wrote, newest activity first.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Empty } from "../parts/empty.js";
import { Choice, ClearFilters, Filters, TextField } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { short } from "../parts/number.js";
import { Page, Panel } from "../parts/page.js";
import { Pager, pageVariables } from "../parts/pager.js";
import { Status, words } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Plain, firstLine } from "../parts/text.js";
import { Time } from "../parts/time.js";

const SESSIONS = gql`
  query TranscribedSessions($filter: SessionFilter, $first: Int, $after: String, $last: Int, $before: String) {
    sessions(filter: $filter, orderBy: LAST_ACTIVITY_AT_DESC, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id agent title status startedAt lastActivityAt isStale parentSessionId projectId
        transcripts(first: 1) { nodes { id messageCount toolCallCount } }
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

const SESSIONS_CHANGED = gql`
  subscription TranscribedSessionsChanged($after: Position) {
    events(
      after: $after
      filter: { types: ["session.saved", "session.deleted", "transcript.created", "transcript.messages_appended"] }
    ) {
      type
    }
  }
`;

const STATUSES = ["ACTIVE", "ENDED", "FAILED", "CANCELLED"];
const FILTERS = ["status", "agent", "project", "level"];

function filterOf(query) {
  const filter = {};
  if (query.has("status")) {
    filter.status = query.getAll("status");
  }
  if (query.get("agent")) {
    filter.agent = [query.get("agent")];
  }
  if (query.get("project")) {
    filter.projectId = query.get("project");
  }
  if (query.get("level") === "top") {
    filter.topLevel = true;
  }
  return Object.keys(filter).length > 0 ? filter : null;
}

const transcriptOf = (session) => session.transcripts.nodes[0];

function addressOf(session) {
  const transcript = transcriptOf(session);
  return transcript ? href(["transcripts", transcript.id]) : href(["sessions", session.id]);
}

const COLUMNS = [
  {
    title: "Session",
    clip: true,
    share: "44%",
    cell: (one) =>
      html`<span><a href=${addressOf(one)}><${Plain} text=${firstLine(one.title ?? one.id)} /></a></span>
        <span class="sub">${one.agent}${one.parentSessionId ? " · sub-agent" : ""}</span>`,
  },
  { title: "Status", cell: (one) => html`<${Status} value=${one.isStale ? "STALE" : one.status} />` },
  { title: "Messages", number: true, cell: (one) => short(transcriptOf(one)?.messageCount) },
  { title: "Tool calls", number: true, cell: (one) => short(transcriptOf(one)?.toolCallCount) },
  { title: "Last active", cell: (one) => html`<${Time} at=${one.lastActivityAt} />` },
  { title: "Started", cell: (one) => html`<${Time} at=${one.startedAt} />` },
  { title: "", cell: (one) => html`<a class="small" href=${href(["sessions", one.id])}>Session</a>` },
];

/** The page. */
export default function Transcripts({ query }) {
  const filter = filterOf(query);
  const sessions = useQuery(SESSIONS, { filter, ...pageVariables(query) }, { document: SESSIONS_CHANGED, apply: () => RELOAD });
  const empty = filter
    ? html`<${Empty} title="No session fits these filters" icon="search"><${ClearFilters} names=${FILTERS} /><//>`
    : html`<${Empty} title="No transcripts yet" icon="transcripts" command="synthetic ingest --watch PATH...">
        Agents append their messages with appendMessages. What coding agents have written to this machine can be read, and followed:
      <//>`;
  return html`<${Page} title="Transcripts">
    <${Filters}>
      <${Choice} name="status" label="Status" options=${STATUSES.map((value) => ({ value, title: words(value) }))} />
      <${Choice} name="level" label="Level" options=${[{ value: "top", title: "Without sub-agents" }]} />
      <${TextField} name="agent" label="Agent" />
      <${TextField} name="project" label="Project" />
      <${ClearFilters} names=${FILTERS} />
    <//>
    <${Panel} flush>
      <${Loaded} query=${sessions} rows=${12}>
        ${(data) => html`
          <${Table}
            label="Sessions and their transcripts"
            columns=${COLUMNS}
            rows=${data.sessions.nodes}
            rowKey=${(one) => one.id}
            rowHref=${addressOf}
            busy=${sessions.isOld}
            empty=${empty}
          />
          <${Pager} pageInfo=${data.sessions.pageInfo} shown=${data.sessions.nodes.length} noun="session" />
        `}
      <//>
    <//>
  <//>`;
}
