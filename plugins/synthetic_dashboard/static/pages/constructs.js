// Constructs: the units of the agents' work, as a list with filters in the URL.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { extensions } from "../extensions.js";
import { RELOAD, useQuery } from "../live.js";
import { href } from "../router.js";
import { Empty } from "../parts/empty.js";
import { Choice, ClearFilters, Filters, Select, TextField } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { short } from "../parts/number.js";
import { Page, Panel } from "../parts/page.js";
import { Pager, pageVariables } from "../parts/pager.js";
import { Status, words } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";
import { Plain } from "../parts/text.js";

const CONSTRUCTS = gql`
  query Constructs(
    $filter: ConstructFilter, $orderBy: ConstructOrder!, $first: Int, $after: String, $last: Int, $before: String
  ) {
    constructs(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
      nodes { id type status title projectId createdAt updatedAt }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

const CONSTRUCTS_CHANGED = gql`
  subscription ConstructsChanged($after: Position) {
    events(after: $after, filter: { types: ["construct.saved", "construct.deleted"] }) { type }
  }
`;

const ACTIVITY = gql`
  query ConstructsActivity($ids: [ID!]!, $first: Int!) {
    constructs(filter: { ids: $ids }, first: $first) {
      nodes { id activity { sessions messages toolCalls lastEventAt } }
    }
  }
`;

const STATUSES = ["ACTIVE", "BLOCKED", "PLANNED", "COMPLETED", "FAILED", "CANCELLED"];
const ORDERS = [
  { value: "CREATED_AT_DESC", title: "Created last" },
  { value: "CREATED_AT_ASC", title: "Created first" },
  { value: "TITLE_ASC", title: "Title" },
];
const FILTERS = ["status", "type", "text", "project"];

function filterOf(query) {
  const filter = {};
  if (query.has("status")) {
    filter.status = query.getAll("status");
  }
  if (query.has("type")) {
    filter.type = query.getAll("type");
  }
  if (query.get("text")) {
    filter.text = query.get("text");
  }
  if (query.get("project")) {
    filter.projectId = query.get("project");
  }
  return Object.keys(filter).length > 0 ? filter : null;
}

const COLUMNS = [
  {
    title: "Construct",
    clip: true,
    share: "38%",
    cell: (one) =>
      html`<span><a href=${href(["constructs", one.id])}><${Plain} text=${one.title} /></a></span><span class="sub mono">${one.id}</span>`,
  },
  { title: "Status", cell: (one) => html`<${Status} value=${one.status} />` },
  { title: "Type", cell: (one) => html`<span class="nowrap">${one.type}</span>` },
  { title: "Project", cell: (one) => html`<span class="nowrap">${one.projectId ?? "–"}</span>` },
  { title: "Updated", cell: (one) => html`<${Time} at=${one.updatedAt} />` },
  { title: "Created", cell: (one) => html`<${Time} at=${one.createdAt} />` },
];

const ACTIVITY_COLUMNS = [
  { title: "Sessions", number: true, cell: ({ activity }) => short(activity?.sessions) },
  { title: "Messages", number: true, cell: ({ activity }) => short(activity?.messages) },
  { title: "Tool calls", number: true, cell: ({ activity }) => short(activity?.toolCalls) },
];

// What the fold knows of each construct comes after the rows, which need not wait for it.
function ActiveTable({ rows, ...others }) {
  const { data } = useQuery(ACTIVITY, { ids: rows.map((row) => row.id), first: Math.max(1, rows.length) });
  const activity = new Map(data?.constructs.nodes.map((one) => [one.id, one.activity]));
  const known = rows.map((row) => ({ ...row, activity: activity.get(row.id) }));
  return html`<${Table} ...${others} rows=${known} columns=${[...COLUMNS, ...ACTIVITY_COLUMNS]} />`;
}

/** The page. */
export default function Constructs({ query }) {
  const filter = filterOf(query);
  const constructs = useQuery(
    CONSTRUCTS,
    { filter, orderBy: query.get("order") ?? "UPDATED_AT_DESC", ...pageVariables(query) },
    { document: CONSTRUCTS_CHANGED, apply: () => RELOAD },
  );
  const empty = filter
    ? html`<${Empty} title="No construct fits these filters" icon="search"><${ClearFilters} names=${FILTERS} /><//>`
    : html`<${Empty} title="No constructs yet" icon="constructs" command="synthetic ingest PATH...">
        Agents store them with saveConstruct. Transcripts that are on this machine already can be read in:
      <//>`;
  const Rows = extensions.value.plugins.has("projections") ? ActiveTable : Table;
  return html`<${Page} title="Constructs">
    <${Filters}>
      <${Choice} name="status" label="Status" options=${STATUSES.map((value) => ({ value, title: words(value) }))} />
      <${TextField} name="text" label="Title contains" />
      <${TextField} name="type" label="Type" />
      <${TextField} name="project" label="Project" />
      <${Select} name="order" label="Order" options=${ORDERS} any="Updated last" />
      <${ClearFilters} names=${FILTERS} />
    <//>
    <${Panel} flush>
      <${Loaded} query=${constructs} rows=${12}>
        ${(data) => html`
          <${Rows}
            label="Constructs"
            columns=${COLUMNS}
            rows=${data.constructs.nodes}
            rowKey=${(one) => one.id}
            rowHref=${(one) => href(["constructs", one.id])}
            busy=${constructs.isOld}
            empty=${empty}
          />
          <${Pager} pageInfo=${data.constructs.pageInfo} shown=${data.constructs.nodes.length} noun="construct" />
        `}
      <//>
    <//>
  <//>`;
}
