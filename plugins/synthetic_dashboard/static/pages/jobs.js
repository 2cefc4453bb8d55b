// Jobs: a live list with filters in the URL, and what can be done to many at once.

import { html, useSignal } from "../view.js";
import { gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Empty } from "../parts/empty.js";
import { Choice, ClearFilters, Filters, Select, TextField } from "../parts/filters.js";
import { BulkJobs } from "../parts/job-actions.js";
import { Loaded } from "../parts/loaded.js";
import { short } from "../parts/number.js";
import { Page, Panel } from "../parts/page.js";
import { Pager, isFirstPage, pageVariables } from "../parts/pager.js";
import { Progress } from "../parts/progress.js";
import { Status, words } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Plain, firstLine } from "../parts/text.js";
import { Duration, Time } from "../parts/time.js";

const JOBS = gql`
  query Jobs($filter: JobFilter, $first: Int, $after: String, $last: Int, $before: String) {
    jobs(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id kind key status progress phase attempts maxAttempts createdAt startedAt completedAt errorMessage leaseOwner
        waitingFor cancelRequestedAt version
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

const JOB_CHANGED = gql`
  subscription JobsChanged($after: Position, $filter: JobUpdateFilter) {
    jobUpdates(after: $after, filter: $filter) {
      type jobId status
      job {
        id kind key status progress phase attempts maxAttempts createdAt startedAt completedAt errorMessage leaseOwner
        waitingFor cancelRequestedAt version
      }
    }
  }
`;

const COUNTS = gql`
  query JobCounts {
    jobCounts { kind status count }
  }
`;

const COUNTS_CHANGED = gql`
  subscription JobCountsChanged($after: Position) {
    jobUpdates(after: $after) { type }
  }
`;

const STATUSES = ["RUNNING", "PENDING", "WAITING", "FAILED", "COMPLETED", "CANCELLED"];
const TEXTS = { construct: "constructId", project: "projectId", user: "userId", parent: "parentId", schedule: "scheduleId" };
const FILTERS = ["status", "kind", "error", "key", ...Object.keys(TEXTS)];

/** The filter that the URL's query asks for; null where it asks for none. */
function filterOf(query) {
  const filter = {};
  const lists = { statuses: query.getAll("status"), kinds: query.getAll("kind"), keys: query.getAll("key") };
  for (const [name, values] of Object.entries(lists)) {
    if (values.length > 0) {
      filter[name] = values;
    }
  }
  for (const [name, field] of Object.entries(TEXTS)) {
    if (query.get(name)) {
      filter[field] = query.get(name);
    }
  }
  if (query.get("error")) {
    filter.errorContains = query.get("error");
  }
  return Object.keys(filter).length > 0 ? filter : null;
}

// What an update's filter can say of the list's; the rest is found out by asking anew.
function updateFilter(filter) {
  const known = ["kinds", "statuses", "userId", "projectId", "constructId", "parentId"];
  const entries = Object.entries(filter ?? {}).filter(([name]) => known.includes(name));
  return entries.length > 0 ? Object.fromEntries(entries) : null;
}

// A row that is shown is changed in place; what may come or go is asked for.
function applied(statuses, isFirst) {
  return (data, { jobUpdates: { jobId, type, job } }) => {
    const { nodes } = data.jobs;
    const place = nodes.findIndex((node) => node.id === jobId);
    if (place < 0) {
      return isFirst && type !== "PROGRESSED" && type !== "CHECKPOINTED" ? RELOAD : data;
    }
    if (job === null || (statuses.length > 0 && !statuses.includes(job.status))) {
      return RELOAD;
    }
    return { jobs: { ...data.jobs, nodes: nodes.with(place, job) } };
  };
}

function Remark({ job }) {
  if (job.status === "WAITING" && job.waitingFor) {
    return html`<span class="soft"><${Plain} text=${firstLine(job.waitingFor)} /></span>`;
  }
  if (job.cancelRequestedAt && job.status === "RUNNING") {
    return html`<span class="soft">to be cancelled</span>`;
  }
  if (job.errorMessage) {
    return html`<span title=${job.errorMessage}><${Plain} text=${firstLine(job.errorMessage)} /></span>`;
  }
  return job.leaseOwner && html`<span class="soft">${job.leaseOwner}</span>`;
}

const COLUMNS = [
  {
    title: "Job",
    clip: true,
    share: "26%",
    cell: (job) => html`<span><a href=${href(["jobs", job.id])}>${job.kind}</a></span><span class="sub mono">${job.id}</span>`,
  },
  { title: "Status", cell: (job) => html`<${Status} value=${job.status} />` },
  {
    title: "Progress",
    cell: (job) =>
      html`<${Progress} value=${job.progress} status=${job.status} label=${`Progress of ${job.id}`} />
        <span class="sub phase">${job.phase ?? ""}</span>`,
  },
  { title: "Attempts", number: true, cell: (job) => `${job.attempts} of ${job.maxAttempts}` },
  { title: "Created", cell: (job) => html`<${Time} at=${job.createdAt} />` },
  {
    title: "Took",
    number: true,
    cell: (job) => (job.status === "PENDING" ? "–" : html`<${Duration} from=${job.startedAt} until=${job.completedAt} />`),
  },
  { title: "Worker, error or what it waits for", clip: true, share: "28%", cell: (job) => html`<${Remark} job=${job} />` },
];

function useCounts() {
  const { data } = useQuery(COUNTS, {}, { document: COUNTS_CHANGED, apply: () => RELOAD });
  const counts = data?.jobCounts ?? [];
  const of = (status) => counts.filter((one) => one.status === status).reduce((sum, one) => sum + one.count, 0);
  return {
    statuses: STATUSES.map((value) => ({ value, title: words(value), count: data ? short(of(value)) : "…" })),
    kinds: [...new Set(counts.map((one) => one.kind))].sort().map((kind) => ({ value: kind, title: kind })),
    isEmpty: data !== null && counts.length === 0,
  };
}

/** The page. */
export default function Jobs({ query }) {
  const filter = filterOf(query);
  const counts = useCounts();
  const picked = useSignal(new Set());
  const jobs = useQuery(
    JOBS,
    { filter, ...pageVariables(query) },
    {
      document: JOB_CHANGED,
      variables: { filter: updateFilter(filter) },
      apply: applied(query.getAll("status"), isFirstPage(query)),
    },
  );
  const others = Object.keys(TEXTS).filter((name) => query.has(name));
  const empty = counts.isEmpty
    ? html`<${Empty} title="No jobs yet" icon="jobs" command="synthetic demo --scale 3">
        Workers claim what saveJob stores. To look around first, let a made-up fleet fill a store of its own:
      <//>`
    : html`<${Empty} title="No job fits these filters" icon="search"><${ClearFilters} names=${FILTERS} /><//>`;
  return html`<${Page} title="Jobs">
    <${Filters}>
      <${Choice} name="status" label="Status" options=${counts.statuses} />
      <${Select} name="kind" label="Kind" options=${counts.kinds} />
      <${TextField} name="error" label="Error contains" />
      ${others.map((name) => html`<span class="status">${words(name)}: ${query.get(name)}</span>`)}
      <${ClearFilters} names=${FILTERS} />
    <//>
    <${Panel} flush>
      <${BulkJobs} picked=${picked} filter=${filter} done=${jobs.reload} />
      <${Loaded} query=${jobs} rows=${12}>
        ${(data) => html`
          <${Table}
            label="Jobs"
            columns=${COLUMNS}
            rows=${data.jobs.nodes}
            rowKey=${(job) => job.id}
            rowHref=${(job) => href(["jobs", job.id])}
            picked=${picked}
            busy=${jobs.isOld}
            empty=${empty}
          />
          <${Pager} pageInfo=${data.jobs.pageInfo} shown=${data.jobs.nodes.length} noun="job" />
        `}
      <//>
    <//>
  <//>`;
}
