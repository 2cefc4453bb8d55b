// One construct: what it is, how it relates to others, what happened, and the sessions, jobs and files that belong to it.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { extensions } from "../extensions.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Artifacts } from "../parts/artifacts.js";
import { Json } from "../parts/code.js";
import { ConstructTimeline } from "../parts/construct-timeline.js";
import { Empty } from "../parts/empty.js";
import { JobLine } from "../parts/job-actions.js";
import { Loaded } from "../parts/loaded.js";
import { money, short } from "../parts/number.js";
import { Facts, Page, Panel } from "../parts/page.js";
import { Panels } from "../parts/panels.js";
import { Relations } from "../parts/relations.js";
import { SessionList } from "../parts/sessions.js";
import { Status } from "../parts/status.js";
import { Plain } from "../parts/text.js";
import { Time } from "../parts/time.js";

const CONSTRUCT = gql`
  query Construct($id: ID!) {
    construct(id: $id) {
      id type status title description userId projectId metadata version createdAt updatedAt startedAt endedAt
    }
  }
`;

const CONSTRUCT_CHANGED = gql`
  subscription ConstructChanged($after: Position, $id: ID!) {
    events(after: $after, filter: { types: ["construct.saved", "construct.deleted"], entityId: $id, entityType: "construct" }) {
      type
    }
  }
`;

const COSTS = gql`
  query ConstructCosts($id: ID!) {
    construct(id: $id) {
      activity { sessions messages toolCalls inputTokens outputTokens }
      costs { costMicros currency }
    }
  }
`;

const JOBS = gql`
  query ConstructJobs($id: ID!) {
    jobs(filter: { constructId: $id }, first: 20) { nodes { id kind status } pageInfo { hasNextPage } }
  }
`;

const JOBS_CHANGED = gql`
  subscription ConstructJobsChanged($after: Position, $id: ID!) {
    jobUpdates(after: $after, filter: { constructId: $id }) { type }
  }
`;

const ARTIFACTS = gql`
  query ConstructArtifacts($id: ID!) {
    artifacts(filter: { constructId: $id }, first: 100) {
      nodes { id name type contentType sizeBytes sha256 url status createdAt }
    }
  }
`;

function useSums(id) {
  const isThere = extensions.value.plugins.has("projections");
  return useQuery(isThere ? COSTS : CONSTRUCT, { id }).data?.construct ?? {};
}

function About({ construct }) {
  const { activity, costs } = useSums(construct.id);
  const tokens = activity && `${short(activity.inputTokens)} in, ${short(activity.outputTokens)} out`;
  return html`<${Panel} title="About">
    <${Facts}
      items=${[
        ["Id", html`<code>${construct.id}</code>`],
        ["Type", html`<a href=${href("/constructs", { type: construct.type })}>${construct.type}</a>`],
        ["Project", construct.projectId && html`<a href=${href("/constructs", { project: construct.projectId })}>${construct.projectId}</a>`],
        ["User", construct.userId],
        ["Messages", activity && short(activity.messages)],
        ["Tool calls", activity && short(activity.toolCalls)],
        ["Tokens", tokens],
        ["Costs", costs?.filter((one) => one.currency).map((one) => money(one.costMicros, one.currency)).join(", ")],
        ["Created", html`<${Time} at=${construct.createdAt} />`],
        ["Started", construct.startedAt && html`<${Time} at=${construct.startedAt} />`],
        ["Ended", construct.endedAt && html`<${Time} at=${construct.endedAt} />`],
        ["Version", construct.version],
      ]}
    />
  <//>`;
}

function JobsOf({ id }) {
  const query = useQuery(JOBS, { id }, { document: JOBS_CHANGED, variables: { id }, apply: () => RELOAD });
  const all = html`<a class="small" href=${href("/jobs", { construct: id })}>All its jobs</a>`;
  return html`<${Panel} title="Jobs" actions=${all}>
    <${Loaded} query=${query} rows=${3}>
      ${({ jobs }) =>
        jobs.nodes.length === 0
          ? html`<p class="soft">It has no jobs.</p>`
          : html`<ul class="stack">
              ${jobs.nodes.map((job) => html`<li key=${job.id}><${JobLine} job=${job} address=${href(["jobs", job.id])} /></li>`)}
            </ul>`}
    <//>
  <//>`;
}

function ArtifactsOf({ id }) {
  const query = useQuery(ARTIFACTS, { id });
  return html`<${Panel} title="Artifacts" flush>
    <${Loaded} query=${query} rows=${3}>
      ${({ artifacts }) =>
        html`<${Artifacts} artifacts=${artifacts.nodes} empty=${html`<${Empty} title="It has kept no files" icon="artifact" />`} />`}
    <//>
  <//>`;
}

function Detail({ construct }) {
  const { id } = construct;
  const { plugins } = extensions.value;
  return html`<div class="columns">
    <div>
      ${construct.description && html`<${Panel} title="Description"><p class="prose"><${Plain} text=${construct.description} /></p><//>`}
      <${Relations} id=${id} />
      ${plugins.has("sessions") && html`<${SessionList} constructId=${id} />`}
      ${plugins.has("artifacts") && html`<${ArtifactsOf} id=${id} />`}
      ${plugins.has("projections") && html`<${ConstructTimeline} id=${id} />`}
      <${Panels} place="construct" id=${id} />
    </div>
    <div>
      <${About} construct=${construct} />
      ${plugins.has("jobs") && html`<${JobsOf} id=${id} />`}
      ${Object.keys(construct.metadata).length > 0 && html`<${Panel} title="Metadata"><${Json} value=${construct.metadata} /><//>`}
    </div>
  </div>`;
}

/** The page. */
export default function Construct({ params }) {
  const { id } = params;
  const query = useQuery(CONSTRUCT, { id }, { document: CONSTRUCT_CHANGED, variables: { id }, apply: () => RELOAD });
  const construct = query.data?.construct ?? null;
  return html`<${Page}
    title=${construct?.title ?? "Construct"}
    crumbs=${[["Constructs", "/constructs"]]}
    badge=${construct && html`<${Status} value=${construct.status} />`}
    lead=${html`<code>${id}</code>`}
  >
    <${Loaded} query=${query} rows=${14}>
      ${(data) =>
        data.construct === null
          ? html`<${Panel}><${Empty} title="There is no construct with this id" icon="question">It may have been deleted.<//><//>`
          : html`<${Detail} construct=${data.construct} />`}
    <//>
  <//>`;
}
