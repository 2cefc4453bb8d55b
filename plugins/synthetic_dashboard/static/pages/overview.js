// The overview: what waits for a person, how every module fares, and what has just happened.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { extensions } from "../extensions.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Icon } from "../parts/icon.js";
import { LatestEvents } from "../parts/latest-events.js";
import { Modules } from "../parts/modules.js";
import { count } from "../parts/number.js";
import { Page } from "../parts/page.js";
import { Panels } from "../parts/panels.js";

const JOBS = gql`
  query OverviewJobs {
    jobCounts { kind status count }
  }
`;

const JOBS_CHANGED = gql`
  subscription OverviewJobsChanged($after: Position) {
    jobUpdates(after: $after, filter: { statuses: [PENDING, RUNNING, WAITING, COMPLETED, FAILED, CANCELLED] }) { type }
  }
`;

const SESSIONS = gql`
  query OverviewSessions {
    active: sessions(filter: { status: [ACTIVE] }, first: 1) { totalCount }
    stale: sessions(filter: { status: [ACTIVE], stale: true }, first: 1) { totalCount }
  }
`;

const SESSIONS_CHANGED = gql`
  subscription OverviewSessionsChanged($after: Position) {
    events(after: $after, filter: { types: ["session.saved", "session.deleted"] }) { type }
  }
`;

function Figure({ label, value, note, to, tone, icon }) {
  return html`<a class="figure" href=${to} data-tone=${tone}>
    <span class="figure-label"><${Icon} name=${icon} />${label}</span>
    <strong>${value === null ? "–" : count(value)}</strong>
    <span class="figure-note">${note}</span>
  </a>`;
}

function JobFigures() {
  const { data } = useQuery(JOBS, {}, { document: JOBS_CHANGED, apply: () => RELOAD });
  const sum = (status) =>
    data && data.jobCounts.filter((one) => one.status === status).reduce((all, one) => all + one.count, 0);
  const failed = sum("FAILED");
  const waiting = sum("WAITING");
  const jobs = (status) => href("/jobs", { status });
  return html`
    <${Figure} label="Jobs running" icon="busy" value=${sum("RUNNING")} note="being worked on" to=${jobs("RUNNING")} />
    <${Figure} label="Jobs pending" icon="waiting" value=${sum("PENDING")} note="waiting for a worker" to=${jobs("PENDING")} />
    <${Figure}
      label="Jobs waiting"
      icon="approvals"
      value=${waiting}
      note="held up"
      tone=${waiting ? "warn" : undefined}
      to=${jobs("WAITING")}
    />
    <${Figure}
      label="Jobs failed"
      icon="bad"
      value=${failed}
      note=${failed ? "can be tried again" : "none"}
      tone=${failed ? "bad" : undefined}
      to=${jobs("FAILED")}
    />
  `;
}

function SessionFigures() {
  const { data } = useQuery(SESSIONS, {}, { document: SESSIONS_CHANGED, apply: () => RELOAD });
  const stale = data?.stale.totalCount ?? null;
  return html`<${Figure}
    label="Active sessions"
    icon="agent"
    value=${data?.active.totalCount ?? null}
    note=${stale === null ? "" : stale === 0 ? "all heard of lately" : `${count(stale)} not heard of lately`}
    tone=${stale ? "warn" : undefined}
    to=${href("/transcripts", { status: "ACTIVE" })}
  />`;
}

/** The page. */
export default function Overview() {
  const { plugins } = extensions.value;
  return html`<${Page} title="Overview">
    <div class="tiles">
      ${plugins.has("jobs") && html`<${JobFigures} />`} ${plugins.has("sessions") && html`<${SessionFigures} />`}
    </div>
    <div class="columns">
      <div class="overview-modules"><${Modules} /><${Panels} place="overview" /></div>
      <div><${LatestEvents} /></div>
    </div>
  <//>`;
}
