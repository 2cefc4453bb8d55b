// What agents wait for a person to decide: the list, and beside it one of them with the exact arguments.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { href, route } from "../router.js";
import { Decision } from "../parts/decision.js";
import { Empty } from "../parts/empty.js";
import { Choice, ClearFilters, Filters, TextField } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { Page, Panel } from "../parts/page.js";
import { Pager, pageVariables } from "../parts/pager.js";
import { Status } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Plain } from "../parts/text.js";
import { Time } from "../parts/time.js";

const LIST = gql`
  query ApprovalList($filter: ApprovalFilter, $orderBy: ApprovalOrder!, $first: Int, $after: String, $last: Int, $before: String) {
    approvals(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes { id tool requester requestedBy requestedAt expiresAt status reason decidedAt }
    }
  }
`;

const UPDATES = gql`
  subscription ApprovalChanges($after: Position) {
    approvals(after: $after) { position approvalId type }
  }
`;

const STATUSES = ["PENDING", "APPROVED", "REJECTED", "EXPIRED", "CANCELLED"];
const TITLES = { PENDING: "Pending", APPROVED: "Approved", REJECTED: "Rejected", EXPIRED: "Expired", CANCELLED: "Withdrawn" };
const LIVE = { document: UPDATES, apply: () => RELOAD };

function columns(isInbox, addressOf) {
  return [
    {
      title: "What for",
      clip: true,
      share: "60%",
      cell: (row) =>
        html`<a href=${addressOf(row)}><strong><${Plain} text=${row.tool} /></strong></a
          ><span class="sub"><${Plain} text=${row.reason ?? `for ${row.requester ?? row.requestedBy}`} /></span>`,
    },
    ...(isInbox
      ? [{ title: "Until", cell: (row) => html`<${Time} at=${row.expiresAt} />` }]
      : [
          { title: "Status", cell: (row) => html`<${Status} value=${row.status} label=${TITLES[row.status]} />` },
          { title: "Asked", cell: (row) => html`<${Time} at=${row.requestedAt} />` },
        ]),
  ];
}

function Nothing({ isInbox }) {
  return isInbox
    ? html`<${Empty} title="Nothing waits for a decision" icon="good" command="synthetic approvals list">
        Agents ask with the mutation requestApproval; what they ask for appears here at once.
      <//>`
    : html`<${Empty} title="No approvals like these" icon="approvals">Choose other filters to see more.<//>`;
}

/** The page, for the list and for one approval. */
export default function Approvals({ params, query }) {
  const asked = query.getAll("status");
  const statuses = asked.length > 0 ? asked : ["PENDING"];
  const isInbox = statuses.length === 1 && statuses[0] === "PENDING";
  const filter = { statuses, tools: query.get("tool") ? [query.get("tool")] : null };
  const orderBy = isInbox ? "REQUESTED_AT_ASC" : "REQUESTED_AT_DESC";
  const list = useQuery(LIST, { filter, orderBy, ...pageVariables(query, 30) }, LIVE);
  const rows = list.data?.approvals.nodes ?? null;
  const chosen = params.id ?? rows?.[0]?.id;
  const kept = { status: asked, tool: query.get("tool"), after: query.get("after"), before: query.get("before") };
  const addressOf = (row) => href(["approvals", row.id], kept);
  return html`<${Page} title="Approvals" lead="Decisions that agents await. What is approved is bound to the arguments shown here.">
    <${Filters}>
      <${Choice} name="status" label="Status" options=${STATUSES.map((value) => ({ value, title: TITLES[value] }))} initial="PENDING" />
      <${TextField} name="tool" label="Tool" placeholder="Tool, exactly" />
      <${ClearFilters} names=${["status", "tool"]} />
    <//>
    <div class="approvals" data-open=${params.id}>
      <${Panel} title=${isInbox ? "Waiting" : "Approvals"} flush>
        <${Loaded} query=${list}>
          ${(data) => html`
            <${Table}
              label="Approvals"
              columns=${columns(isInbox, addressOf)}
              rows=${data.approvals.nodes}
              rowKey=${(row) => row.id}
              rowHref=${addressOf}
              current=${chosen}
              empty=${html`<${Nothing} isInbox=${isInbox} />`}
              busy=${list.isOld}
            />
            ${data.approvals.totalCount > 0 &&
            html`<${Pager}
              pageInfo=${data.approvals.pageInfo}
              shown=${data.approvals.nodes.length}
              total=${data.approvals.totalCount}
              noun="approval"
            />`}
          `}
        <//>
      <//>
      ${params.id && html`<a class="approvals-back" href=${href("/approvals", kept)}>All approvals</a>`}
      ${chosen && html`<${Decision} key=${chosen} id=${chosen} list=${route.value.path} />`}
    </div>
  <//>`;
}
