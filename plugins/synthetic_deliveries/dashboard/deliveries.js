// The page of deliveries: how each target fares, what was sent to it, and sending it once more.

import {
  ActionButton, Choice, Empty, EntityLink, Filters, Loaded, Page, Pager, Panel, Plain, RELOAD, Status, Table, Time,
  ask, count, gql, href, html, pageVariables, plural, useQuery, words,
} from "/dashboard/kit.js";

const TARGETS = gql`
  query DeliveryTargets {
    deliveryTargets(first: 100) {
      nodes { id version name url enabled disabledReason circuit failures closedUntilAt lastSuccessAt lastError eventTypes }
    }
  }
`;

const DELIVERIES = gql`
  query DeliveryList($filter: DeliveryFilter, $first: Int, $after: String, $last: Int, $before: String) {
    deliveries(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes {
        id eventType entityType entityId status attempts nextAttemptAt lastAttemptAt lastStatusCode lastError endedAt
        deadLetterId target { id name }
      }
    }
  }
`;

const CHANGES = gql`
  subscription DeliveryChanges($after: Position) {
    events(after: $after) { position type }
  }
`;

const TEST = gql`
  mutation TestTarget($input: TestDeliveryTargetInput!) {
    testDeliveryTarget(input: $input) { target { id } }
  }
`;

const SWITCH = gql`
  mutation SwitchTarget($input: SaveDeliveryTargetInput!) {
    saveDeliveryTarget(input: $input) { target { id } }
  }
`;

const RESEND = gql`
  mutation Resend($input: ResendDeliveryInput!) {
    resendDelivery(input: $input) { delivery { id } }
  }
`;

const RESEND_ALL = gql`
  mutation ResendAll($input: ResendDeliveriesInput!) {
    resendDeliveries(input: $input) { matched resent complete }
  }
`;

const STATUSES = ["PENDING", "DELIVERED", "FAILED"];
// Whatever is sent follows an event, and what comes of it soon after: the newest of all says when to look again.
const LIVE = { document: CHANGES, apply: () => RELOAD };

function Fares({ target }) {
  if (!target.enabled) {
    return html`<${Status} value="DISABLED" label="Disabled" />${target.disabledReason &&
    html` <span class="sub"><${Plain} text=${target.disabledReason} /></span>`}`;
  }
  return target.circuit === "OPEN"
    ? html`<${Status} value="FAILED" label="Paused after failures" />`
    : html`<${Status} value="OK" label="Sending" />`;
}

async function test(id) {
  await ask(TEST, { input: { id } });
  return "A test event is on its way.";
}

// A target that is told of nothing is mended by switching it on: what waits for it is sent then.
function Switch({ target, reload }) {
  const { id, version, name, enabled } = target;
  const run = async () => {
    await ask(SWITCH, { input: { id, ifVersion: version, enabled: !enabled } });
    reload();
    return enabled ? "It is told of nothing any more." : "What waits for it is sent now.";
  };
  return enabled
    ? html`<${ActionButton} label="Disable" small kind="danger" scope="admin" question=${{ title: `Disable ${name}?` }} run=${run} />`
    : html`<${ActionButton} label="Enable" small scope="admin" run=${run} />`;
}

const targetColumns = (reload) => [
  {
    title: "Target",
    clip: true,
    share: "40%",
    cell: (row) =>
      html`<a href=${href(["deliveries", row.id])}><strong><${Plain} text=${row.name} /></strong></a
        ><span class="sub"><${Plain} text=${row.url} /></span>`,
  },
  { title: "State", cell: (row) => html`<${Fares} target=${row} />` },
  { title: "Events", cell: (row) => (row.eventTypes.length ? plural(row.eventTypes.length, "type") : "all") },
  { title: "Failures in a row", number: true, cell: (row) => count(row.failures) },
  { title: "Last success", cell: (row) => html`<${Time} at=${row.lastSuccessAt} none="never" />` },
  {
    title: "",
    cell: (row) =>
      html`<span class="nowrap">
        <${ActionButton} label="Test" small scope="admin" run=${() => test(row.id)} />${" "}
        <${Switch} target=${row} reload=${reload} />
      </span>`,
  },
];

function columns(reload) {
  const resend = async (id) => {
    await ask(RESEND, { input: { id } });
    reload();
    return "It is sent once more.";
  };
  return [
    {
      title: "Event",
      clip: true,
      share: "35%",
      cell: (row) =>
        html`<span><code>${row.eventType}</code></span
          ><span class="sub"><${EntityLink} type=${row.entityType} id=${row.entityId} /></span>`,
    },
    { title: "Target", cell: (row) => row.target?.name ?? html`<span class="soft">gone</span>` },
    { title: "Status", cell: (row) => html`<${Status} value=${row.status} />` },
    { title: "Attempts", number: true, cell: (row) => count(row.attempts) },
    {
      title: "Answer",
      cell: (row) => row.lastStatusCode ?? (row.lastError ? html`<${Plain} text=${row.lastError.message ?? "failed"} />` : "–"),
    },
    { title: "Last try", cell: (row) => html`<${Time} at=${row.lastAttemptAt} />` },
    {
      title: "",
      cell: (row) => row.status !== "PENDING" && html`<${ActionButton} label="Send again" small run=${() => resend(row.id)} />`,
    },
  ];
}

function ResendFailed({ filter, reload }) {
  const failed = { ...filter, statuses: ["FAILED"] };
  const question = async () => {
    const { resendDeliveries } = await ask(RESEND_ALL, { input: { filter: failed, dryRun: true } });
    return { title: `Send ${plural(resendDeliveries.matched, "delivery", "deliveries")} once more?`, action: "Send" };
  };
  const run = async () => {
    const { resendDeliveries } = await ask(RESEND_ALL, { input: { filter: failed } });
    reload();
    return `${plural(resendDeliveries.resent, "delivery", "deliveries")} sent once more.`;
  };
  return html`<${ActionButton} label="Send all that failed again" small question=${question} run=${run} />`;
}

/** The page. */
export default function Deliveries({ params, query }) {
  const statuses = query.getAll("status");
  const filter = { targetId: params.target ?? null, statuses: statuses.length > 0 ? statuses : null };
  const targets = useQuery(TARGETS, {}, LIVE);
  const list = useQuery(DELIVERIES, { filter, ...pageVariables(query) }, LIVE);
  const target = targets.data?.deliveryTargets.nodes.find(({ id }) => id === params.target);
  return html`<${Page}
    title=${params.target ? (target?.name ?? "Deliveries") : "Deliveries"}
    crumbs=${params.target ? [["Deliveries", "/deliveries"]] : []}
    lead="Events that are posted to others: signed, in order, at least once."
  >
    <${Panel} title="Targets" flush>
      <${Loaded} query=${targets} rows=${3}>
        ${(data) =>
          html`<${Table}
            label="Targets"
            columns=${targetColumns(targets.reload)}
            rows=${data.deliveryTargets.nodes}
            rowKey=${(row) => row.id}
            rowHref=${(row) => href(["deliveries", row.id])}
            current=${params.target}
            empty=${html`<${Empty} title="Nobody is told of anything" command="synthetic deliveries --help">
              A target is a URL to which events are posted; the mutation saveDeliveryTarget makes one.
            <//>`}
          />`}
      <//>
    <//>
    <${Filters}>
      <${Choice} name="status" label="Status" options=${STATUSES.map((value) => ({ value, title: words(value) }))} />
    <//>
    <${Panel} title="Deliveries" flush actions=${html`<${ResendFailed} filter=${filter} reload=${list.reload} />`}>
      <${Loaded} query=${list}>
        ${(data) => html`
          <${Table}
            label="Deliveries"
            columns=${columns(list.reload)}
            rows=${data.deliveries.nodes}
            rowKey=${(row) => row.id}
            empty=${html`<${Empty} title="Nothing was sent">What is sent appears here, with what came of it.<//>`}
            busy=${list.isOld}
          />
          ${data.deliveries.totalCount > 0 &&
          html`<${Pager}
            pageInfo=${data.deliveries.pageInfo}
            shown=${data.deliveries.nodes.length}
            total=${data.deliveries.totalCount}
            noun="event"
          />`}
        `}
      <//>
    <//>
  <//>`;
}
