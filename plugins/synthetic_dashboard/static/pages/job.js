// One job: how far it is, its attempts and checkpoints in the order of time, what it was given and what came of it.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Artifacts } from "../parts/artifacts.js";
import { Json } from "../parts/code.js";
import { Empty } from "../parts/empty.js";
import { EntityLink } from "../parts/entity.js";
import { JobActions, JobLine } from "../parts/job-actions.js";
import { Loaded } from "../parts/loaded.js";
import { Facts, Page, Panel } from "../parts/page.js";
import { Panels } from "../parts/panels.js";
import { Progress } from "../parts/progress.js";
import { Status, toneOf, words } from "../parts/status.js";
import { Plain } from "../parts/text.js";
import { Duration, Time } from "../parts/time.js";

const JOB = gql`
  query Job($id: ID!) {
    job(id: $id) {
      id userId projectId constructId parentId replayOf scheduleId kind key command params caller responseChannel
      priority maxAttempts onLapse idempotencyKey metadata status progress phase attempts retries runAfter waitingFor
      leaseOwner leaseExpiresAt cancelRequestedAt result errorMessage version createdAt startedAt completedAt updatedAt
      checkpoints { phase data createdAt }
      history { number worker startedAt endedAt outcome error }
      construct { id title }
      children(first: 50) { nodes { id kind status } }
    }
  }
`;

const JOB_CHANGED = gql`
  subscription JobChanged($after: Position, $id: ID!) {
    jobUpdates(after: $after, filter: { ids: [$id] }) { type progress phase }
  }
`;

const ARTIFACTS = gql`
  query JobArtifacts($id: ID!) {
    artifacts(filter: { jobId: $id }, first: 100) {
      nodes { id name type contentType sizeBytes sha256 url status createdAt }
    }
  }
`;

const APPROVALS = gql`
  query JobApprovals($id: ID!) {
    approvals(filter: { jobId: $id }, first: 50) { nodes { id tool status requestedAt } }
  }
`;

// Progress alone is worked in; everything else is asked for.
function applied(data, { jobUpdates: { type, progress, phase } }) {
  return type === "PROGRESSED" && data.job ? { job: { ...data.job, progress, phase } } : RELOAD;
}

/** What happened to a job, the newest first: a list of {at, tone, title, detail, aside}. */
function happenings(job) {
  const told = [{ at: job.createdAt, tone: "calm", title: "Created", detail: job.caller && `by ${job.caller}` }];
  for (const attempt of job.history) {
    told.push({
      at: attempt.startedAt,
      tone: "busy",
      title: `Attempt ${attempt.number} began`,
      detail: html`worker <code>${attempt.worker}</code>`,
    });
    if (attempt.endedAt) {
      told.push({
        at: attempt.endedAt,
        tone: toneOf(attempt.outcome),
        title: `Attempt ${attempt.number}: ${words(attempt.outcome).toLowerCase()}`,
        aside: html`after <${Duration} from=${attempt.startedAt} until=${attempt.endedAt} />`,
        detail: attempt.error && html`<${Plain} text=${attempt.error} />`,
      });
    }
  }
  for (const checkpoint of job.checkpoints) {
    told.push({
      at: checkpoint.createdAt,
      tone: "good",
      title: `Checkpoint: ${checkpoint.phase}`,
      detail: checkpoint.data !== null && html`<details><summary>What it holds</summary><${Json} value=${checkpoint.data} /></details>`,
    });
  }
  if (job.cancelRequestedAt) {
    told.push({ at: job.cancelRequestedAt, tone: "warn", title: "Asked to be cancelled" });
  }
  return told.sort((one, other) => (one.at < other.at ? 1 : -1));
}

function Timeline({ job }) {
  return html`<ol class="timeline">
    ${happenings(job).map(
      ({ at, tone, title, detail, aside }) =>
        html`<li data-tone=${tone}>
          <span>${title}${aside && html` <span class="soft">${aside}</span>`}</span>
          <${Time} at=${at} />
          ${detail && html`<div class="detail">${detail}</div>`}
        </li>`,
    )}
  </ol>`;
}

function Now({ job }) {
  return html`<${Panel} title="Progress">
    <div class="stack">
      <${Progress} value=${job.progress} status=${job.status} />
      <${Facts}
        items=${[
          ["Phase", job.phase],
          ["Worker", job.leaseOwner && html`<code>${job.leaseOwner}</code>`],
          ["Lease runs out", job.leaseExpiresAt && html`<${Time} at=${job.leaseExpiresAt} />`],
          ["Waits for", job.waitingFor && html`<${Plain} text=${job.waitingFor} />`],
          ["Not before", job.runAfter && html`<${Time} at=${job.runAfter} />`],
          ["Took", job.startedAt && html`<${Duration} from=${job.startedAt} until=${job.completedAt} />`],
        ]}
      />
      ${job.errorMessage &&
      html`<div class="problem"><span class="problem-title">Error</span><${Plain} text=${job.errorMessage} /></div>`}
    </div>
  <//>`;
}

function JobFacts({ job }) {
  return html`<${Panel} title="About">
    <${Facts}
      items=${[
        ["Id", html`<code>${job.id}</code>`],
        ["Kind", html`<a href=${href("/jobs", { kind: job.kind })}>${job.kind}</a>`],
        ["Key", job.key],
        ["Construct", job.construct && html`<${EntityLink} type="construct" id=${job.construct.id} title=${job.construct.title} />`],
        ["Parent", job.parentId && html`<${EntityLink} type="job" id=${job.parentId} />`],
        ["Repeats", job.replayOf && html`<${EntityLink} type="job" id=${job.replayOf} />`],
        ["Schedule", job.scheduleId && html`<a href=${href("/jobs", { schedule: job.scheduleId })}>${job.scheduleId}</a>`],
        ["Project", job.projectId],
        ["User", job.userId],
        ["Caller", job.caller],
        ["Command", job.command && html`<${Plain} text=${job.command} />`],
        ["Priority", job.priority],
        ["Attempts", `${job.attempts} of ${job.maxAttempts}${job.retries ? `, tried again ${job.retries} times` : ""}`],
        ["When a lease lapses", words(job.onLapse)],
        ["Created", html`<${Time} at=${job.createdAt} />`],
        ["Updated", html`<${Time} at=${job.updatedAt} />`],
        ["Version", job.version],
      ]}
    />
  <//>`;
}

function Kept({ id, version }) {
  const query = useQuery(ARTIFACTS, { id, version });
  return html`<${Panel} title="Artifacts" flush>
    <${Loaded} query=${query} rows=${3}>
      ${({ artifacts }) =>
        html`<${Artifacts} artifacts=${artifacts.nodes} empty=${html`<${Empty} title="It has kept no files" icon="artifact" />`} />`}
    <//>
  <//>`;
}

function Decisions({ id }) {
  const { data } = useQuery(APPROVALS, { id });
  return (
    data !== null &&
    data.approvals.nodes.length > 0 &&
    html`<${Panel} title="Approvals">
      <ul class="stack">
        ${data.approvals.nodes.map(
          (approval) =>
            html`<li class="row">
              <${EntityLink} type="approval" id=${approval.id} title=${approval.tool} /><${Status} value=${approval.status} />
              <${Time} at=${approval.requestedAt} />
            </li>`,
        )}
      </ul>
    <//>`
  );
}

function Detail({ job }) {
  const hasParams = job.params !== null && Object.keys(job.params).length > 0;
  return html`<div class="columns">
    <div>
      <${Now} job=${job} />
      <${Panel} title="Timeline"><${Timeline} job=${job} /><//>
      ${hasParams && html`<${Panel} title="Parameters"><${Json} value=${job.params} /><//>`}
      ${job.result !== null && html`<${Panel} title="Result"><${Json} value=${job.result} /><//>`}
      <${Kept} id=${job.id} version=${job.version} />
      <${Panels} place="job" id=${job.id} />
    </div>
    <div>
      <${JobFacts} job=${job} />
      <${Decisions} id=${job.id} />
      ${job.children.nodes.length > 0 &&
      html`<${Panel} title="Parts">
        <ul class="stack">
          ${job.children.nodes.map((child) => html`<li><${JobLine} job=${child} address=${href(["jobs", child.id])} /></li>`)}
        </ul>
      <//>`}
      ${Object.keys(job.metadata).length > 0 && html`<${Panel} title="Metadata"><${Json} value=${job.metadata} /><//>`}
    </div>
  </div>`;
}

/** The page. */
export default function Job({ params }) {
  const { id } = params;
  const query = useQuery(JOB, { id }, { document: JOB_CHANGED, variables: { id }, apply: applied });
  const job = query.data?.job ?? null;
  return html`<${Page}
    title=${job?.kind ?? "Job"}
    crumbs=${[["Jobs", "/jobs"]]}
    badge=${job && html`<${Status} value=${job.status} />`}
    lead=${html`<code>${id}</code>`}
    actions=${job && html`<${JobActions} job=${job} done=${query.reload} />`}
  >
    <${Loaded} query=${query} rows=${14}>
      ${(data) =>
        data.job === null
          ? html`<${Panel}><${Empty} title="There is no job with this id" icon="question">It may have been deleted.<//><//>`
          : html`<${Detail} job=${data.job} />`}
    <//>
  <//>`;
}
