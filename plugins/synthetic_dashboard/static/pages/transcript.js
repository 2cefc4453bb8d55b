// One transcript: its messages, the session that it belongs to, and the sub-agents that the session has started.

import { html, useRef } from "../view.js";
import { gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Empty } from "../parts/empty.js";
import { Choice } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { bytes, plural, short } from "../parts/number.js";
import { Page, Panel } from "../parts/page.js";
import { Status } from "../parts/status.js";
import { Plain } from "../parts/text.js";
import { TranscriptView } from "../parts/transcript-view.js";

const TRANSCRIPT = gql`
  query Transcript($id: ID!, $seq: Int!) {
    transcript(id: $id) {
      marked: messages(fromSeq: $seq, first: 1) { nodes { kind } }
      id title source messageCount sizeBytes firstAt lastAt
      messageCounts { text thinking toolCall toolResult system other }
      session {
        id title agent status
        parent { id title agent }
        children(first: 100) { nodes { id title agent transcripts(first: 1) { nodes { id } } } }
        construct { id title }
      }
    }
  }
`;

const TRANSCRIPT_CHANGED = gql`
  subscription TranscriptChanged($after: Position, $id: ID!) {
    events(
      after: $after
      filter: { types: ["transcript.messages_appended", "transcript.described"], entityType: "transcript", entityId: $id }
    ) {
      type
    }
  }
`;

const KINDS = [
  { value: "text", title: "Text", kinds: ["TEXT"], count: (counts) => counts.text },
  { value: "tools", title: "Tool calls", kinds: ["TOOL_CALL", "TOOL_RESULT"], count: (counts) => counts.toolCall },
  { value: "thinking", title: "Thinking", kinds: ["THINKING"], count: (counts) => counts.thinking },
  { value: "system", title: "System", kinds: ["SYSTEM"], count: (counts) => counts.system },
  { value: "other", title: "Other", kinds: ["OTHER"], count: (counts) => counts.other },
];
const NONE = [];
// What agents write besides, such as their progress, is much and says little: it is shown when it is asked for.
const USUAL = ["text", "tools", "thinking", "system"];

// The message that a permalink names is shown whatever its kind.
function kindsOf(query, found) {
  const chosen = query.has("show") ? query.getAll("show") : USUAL;
  const marked = query.has("m") ? found.marked.nodes[0]?.kind : undefined;
  return KINDS.filter(({ value, kinds }) => chosen.includes(value) || kinds.includes(marked)).flatMap(({ kinds }) => kinds);
}

function Family({ session }) {
  const { parent, children, construct } = session;
  const links = [
    construct && html`<span>Of <a href=${href(["constructs", construct.id])}><${Plain} text=${construct.title} /></a></span>`,
    html`<span>Session <a href=${href(["sessions", session.id])}><${Plain} text=${session.title ?? session.id} /></a></span>`,
    parent &&
      html`<span>Started by <a href=${href(["sessions", parent.id])}><${Plain} text=${parent.agent ?? parent.title ?? parent.id} /></a></span>`,
    children.nodes.length > 0 &&
      html`<a href=${href(["sessions", session.id])}>${plural(children.nodes.length, "sub-agent")}</a>`,
  ];
  return html`<span class="family">${links.filter(Boolean)}</span>`;
}

/** The page. */
export default function Transcript({ params, query }) {
  const { id } = params;
  const marked = Number(query.get("m")) || null;
  const transcript = useQuery(
    TRANSCRIPT,
    { id, seq: marked ?? 1 },
    { document: TRANSCRIPT_CHANGED, variables: { id }, apply: () => RELOAD },
  );
  const found = transcript.data?.transcript ?? null;
  const session = found?.session ?? null;
  const title = found?.title ?? session?.title ?? "Transcript";
  // Where one was is kept when other kinds are shown; a permalink leads elsewhere.
  const place = useRef({ marked: null, seq: null });
  if (place.current.marked !== marked) {
    place.current = { marked, seq: marked };
  }
  const lead =
    found && html`${plural(found.messageCount, "message")}, ${bytes(found.sizeBytes)} ${session && html`<${Family} session=${session} />`}`;
  return html`<div class="transcript-page">
    <${Page} title=${title} crumbs=${[["Transcripts", "/transcripts"]]} badge=${session && html`<${Status} value=${session.status} />`} lead=${lead}>
      <${Loaded} query=${transcript} rows=${16}>
        ${(data) =>
          data.transcript === null
            ? html`<${Panel}><${Empty} title="There is no transcript with this id" icon="question">It may have been deleted.<//><//>`
            : html`
                <div class="filters">
                  <${Choice}
                    name="show"
                    label="What is shown"
                    initial=${USUAL}
                    options=${KINDS.map((kind) => ({ ...kind, count: short(kind.count(data.transcript.messageCounts)) }))}
                  />
                </div>
                ${!transcript.isOld &&
                html`<${TranscriptView}
                  key=${`${kindsOf(query, data.transcript)} ${marked}`}
                  id=${id}
                  kinds=${kindsOf(query, data.transcript)}
                  startAt=${place.current.seq ?? (session?.status === "ACTIVE" ? "end" : 1)}
                  marked=${marked}
                  subagents=${session?.children.nodes ?? NONE}
                  moved=${(seq) => (place.current.seq = seq)}
                />`}
              `}
      <//>
    <//>
  </div>`;
}
