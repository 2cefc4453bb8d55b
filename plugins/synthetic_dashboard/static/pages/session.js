// One session: whose run it was, what it wrote, and the sessions that it started.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { extensions } from "../extensions.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Json } from "../parts/code.js";
import { Empty } from "../parts/empty.js";
import { EntityLink } from "../parts/entity.js";
import { Loaded } from "../parts/loaded.js";
import { bytes, short } from "../parts/number.js";
import { Facts, Page, Panel } from "../parts/page.js";
import { Panels } from "../parts/panels.js";
import { SessionList } from "../parts/sessions.js";
import { Status } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Plain } from "../parts/text.js";
import { Duration, Time } from "../parts/time.js";

const SESSION = gql`
  query Session($id: ID!) {
    session(id: $id) {
      id agent title userId projectId constructId parentSessionId status startedAt lastActivityAt endedAt metadata isStale
      construct { id title }
      parent { id title agent }
    }
  }
`;

const SESSION_CHANGED = gql`
  subscription SessionChanged($after: Position, $id: ID!) {
    events(after: $after, filter: { types: ["session.saved", "session.deleted"], entityType: "session", entityId: $id }) {
      type
    }
  }
`;

const TRANSCRIPTS = gql`
  query SessionTranscripts($id: ID!) {
    session(id: $id) {
      transcripts(first: 50) {
        nodes { id title source messageCount toolCallCount sizeBytes lastAt }
      }
      usage { model inputTokens outputTokens cacheReadTokens cacheWriteTokens }
    }
  }
`;

const TRANSCRIPT_COLUMNS = [
  {
    title: "Transcript",
    clip: true,
    share: "40%",
    cell: (one) => html`<span><a href=${href(["transcripts", one.id])}><${Plain} text=${one.title ?? one.source ?? "Messages"} /></a></span>`,
  },
  { title: "Messages", number: true, cell: (one) => short(one.messageCount) },
  { title: "Tool calls", number: true, cell: (one) => short(one.toolCallCount) },
  { title: "Size", number: true, cell: (one) => bytes(one.sizeBytes) },
  { title: "Last message", cell: (one) => html`<${Time} at=${one.lastAt} />` },
];

const USAGE_COLUMNS = [
  { title: "Model", cell: (one) => one.model ?? "not named" },
  { title: "Input", number: true, cell: (one) => short(one.inputTokens) },
  { title: "Output", number: true, cell: (one) => short(one.outputTokens) },
  { title: "Cache read", number: true, cell: (one) => short(one.cacheReadTokens) },
  { title: "Cache write", number: true, cell: (one) => short(one.cacheWriteTokens) },
];

function Written({ id }) {
  const query = useQuery(TRANSCRIPTS, { id });
  return html`<${Loaded} query=${query} rows=${4}>
    ${({ session }) =>
      session && html`
        <${Panel} title="Transcripts" flush>
          <${Table}
            label="Transcripts"
            columns=${TRANSCRIPT_COLUMNS}
            rows=${session.transcripts.nodes}
            rowKey=${(one) => one.id}
            rowHref=${(one) => href(["transcripts", one.id])}
            empty=${html`<${Empty} title="It has written nothing yet" icon="transcripts" />`}
          />
        <//>
        ${session.usage.length > 0 &&
        html`<${Panel} title="Tokens" flush>
          <${Table} label="Tokens by model" columns=${USAGE_COLUMNS} rows=${session.usage} rowKey=${(one) => one.model} />
        <//>`}
      `}
  <//>`;
}

function About({ session }) {
  const { construct, parent } = session;
  return html`<${Panel} title="About">
    <${Facts}
      items=${[
        ["Id", html`<code>${session.id}</code>`],
        ["Agent", session.agent],
        ["Construct", construct && html`<${EntityLink} type="construct" id=${construct.id} title=${construct.title} />`],
        ["Started by", parent && html`<${EntityLink} type="session" id=${parent.id} title=${parent.agent ?? parent.title} />`],
        ["Project", session.projectId],
        ["User", session.userId],
        ["Started", html`<${Time} at=${session.startedAt} />`],
        ["Last active", html`<${Time} at=${session.lastActivityAt} />`],
        ["Ended", session.endedAt && html`<${Time} at=${session.endedAt} />`],
        ["Took", html`<${Duration} from=${session.startedAt} until=${session.endedAt} />`],
      ]}
    />
  <//>`;
}

/** The page. */
export default function Session({ params }) {
  const { id } = params;
  const query = useQuery(SESSION, { id }, { document: SESSION_CHANGED, variables: { id }, apply: () => RELOAD });
  const session = query.data?.session ?? null;
  const hasTranscripts = extensions.value.plugins.has("transcripts");
  return html`<${Page}
    title=${session?.title ?? session?.agent ?? "Session"}
    crumbs=${[["Transcripts", "/transcripts"]]}
    badge=${session && html`<${Status} value=${session.isStale ? "STALE" : session.status} />`}
    lead=${session?.agent}
  >
    <${Loaded} query=${query} rows=${14}>
      ${(data) =>
        data.session === null
          ? html`<${Panel}><${Empty} title="There is no session with this id" icon="question">It may have been deleted.<//><//>`
          : html`<div class="columns">
              <div>
                ${hasTranscripts && html`<${Written} id=${id} />`}
                <${SessionList} parentSessionId=${id} title="Sub-agents" />
                <${Panels} place="session" id=${id} />
              </div>
              <div>
                <${About} session=${data.session} />
                ${Object.keys(data.session.metadata).length > 0 &&
                html`<${Panel} title="Metadata"><${Json} value=${data.session.metadata} /><//>`}
              </div>
            </div>`}
    <//>
  <//>`;
}
