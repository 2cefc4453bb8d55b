// What has failed for good: grouped by cause, each group with what brings it back; redrives; and the letters themselves.

import { html } from "../view.js";
import { ask, gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { href, setQuery } from "../router.js";
import { ActionButton } from "../parts/action.js";
import { Empty } from "../parts/empty.js";
import { Choice, ClearFilters, Filters, Select } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { count, plural } from "../parts/number.js";
import { Page, Panel } from "../parts/page.js";
import { Pager, pageVariables } from "../parts/pager.js";
import { Status, words } from "../parts/status.js";
import { Table } from "../parts/table.js";
import { Plain } from "../parts/text.js";
import { Time } from "../parts/time.js";
import { Redrives } from "../parts/redrives.js";

const GROUPS = gql`
  query DeadLetterCauses($source: String) {
    deadLetterGroups(source: $source, first: 50) {
      fingerprint source code count firstFailedAt lastFailedAt sampleId
      sample { error { message action } }
    }
    deadLetterSources { name purpose isEditable retriesMax }
  }
`;

const LETTERS = gql`
  query DeadLetterList($filter: DeadLetterFilter, $first: Int, $after: String, $last: Int, $before: String) {
    deadLetters(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes { id source code status attempts retries lastFailedAt nextRetryAt entityType entityId error { message } }
    }
  }
`;

const CHANGES = gql`
  subscription DeadLetterChanges($after: Position) {
    deadLetters(after: $after) { position deadLetterId type }
  }
`;

const REDRIVE = gql`
  mutation Redrive($input: RedriveDeadLettersInput!) {
    redriveDeadLetters(input: $input) { matched redrive { id } }
  }
`;

const STATUSES = ["PENDING", "RETRYING", "RESOLVED", "DISCARDED"];
// What is settled is history, and is shown when it is asked for.
const OPEN = ["PENDING", "RETRYING"];
const LIVE = { document: CHANGES, apply: () => RELOAD };
const FILTERS = ["status", "source", "fingerprint"];

/** Asks how many letters a redrive would retry, and says so before it begins. */
async function questionOf(filter) {
  const { redriveDeadLetters } = await ask(REDRIVE, { input: { filter, dryRun: true } });
  return {
    title: `Retry ${plural(redriveDeadLetters.matched, "letter")}?`,
    text: "They are retried one after the other, in order for each key. You can watch it here, and cancel it.",
    action: "Redrive",
  };
}

async function redrive(filter) {
  const { redriveDeadLetters } = await ask(REDRIVE, { input: { filter } });
  return `${plural(redriveDeadLetters.matched, "letter")} will be retried.`;
}

function RedriveButton({ filter, small = false, label = "Redrive" }) {
  return html`<${ActionButton}
    label=${label}
    icon="retry"
    small=${small}
    question=${() => questionOf(filter)}
    run=${() => redrive(filter)}
  />`;
}

const addressOfCause = ({ fingerprint, source }) => href("/dead-letters", { fingerprint, source });
const addressOfLetter = ({ id }) => href(["dead-letters", id]);

const causesOf = (sources) => [
  {
    title: "Cause",
    clip: true,
    share: "55%",
    cell: (row) =>
      html`<a href=${addressOfCause(row)}><code>${row.code}</code></a
        ><span class="sub"><${Plain} text=${row.sample?.error.message ?? "The sample is gone."} /></span>`,
  },
  { title: "Source", cell: (row) => html`<span class="nowrap">${row.source}</span>` },
  { title: "Letters", number: true, cell: (row) => count(row.count) },
  { title: "First", cell: (row) => html`<${Time} at=${row.firstFailedAt} />` },
  { title: "Last", cell: (row) => html`<${Time} at=${row.lastFailedAt} />` },
  {
    title: "",
    cell: ({ fingerprint, source }) =>
      sources.some(({ name }) => name === source)
        ? html`<${RedriveButton} small filter=${{ fingerprints: [fingerprint], sources: [source], statuses: ["PENDING"] }} />`
        : html`<span class="soft small">retried at its source</span>`,
  },
];

function Causes({ groups, sources, chosen }) {
  return html`<${Panel} title="By cause" aside="of those that wait" flush>
    <div class="table-tall" tabindex="0" role="region" aria-label="Causes"><${Table}
      label="Causes"
      columns=${causesOf(sources)}
      rows=${groups}
      rowKey=${(row) => row.fingerprint}
      rowHref=${addressOfCause}
      current=${chosen}
      empty=${html`<${Empty} title="Nothing has failed for good" icon="good">
        What workers, deliveries or imports give up appears here, with the reason and a way back.
      <//>`}
    /></div>
  <//>`;
}

const COLUMNS = [
  {
    title: "Letter",
    clip: true,
    share: "50%",
    cell: (row) =>
      html`<a href=${addressOfLetter(row)}
          ><code>${row.code}</code>${row.entityId && html` <span class="soft">${row.entityType} ${row.entityId}</span>`}</a
        ><span class="sub"><${Plain} text=${row.error.message} /></span>`,
  },
  { title: "Status", cell: (row) => html`<${Status} value=${row.status} />` },
  { title: "Source", cell: (row) => html`<span class="nowrap">${row.source}</span>` },
  { title: "Attempts", number: true, cell: (row) => count(row.attempts + row.retries) },
  { title: "Failed", cell: (row) => html`<${Time} at=${row.lastFailedAt} />` },
  { title: "Next try", cell: (row) => html`<${Time} at=${row.nextRetryAt} />` },
];

/** The page. */
export default function DeadLetters({ query }) {
  const [statuses, source, fingerprint] = [query.getAll("status"), query.get("source"), query.get("fingerprint")];
  const filter = {
    statuses: statuses.length > 0 ? statuses : OPEN,
    sources: source ? [source] : null,
    fingerprints: fingerprint ? [fingerprint] : null,
  };
  const groups = useQuery(GROUPS, { source }, LIVE);
  const letters = useQuery(LETTERS, { filter, ...pageVariables(query) }, LIVE);
  const sources = groups.data?.deadLetterSources ?? [];
  const named = new Set([...sources.map(({ name }) => name), ...(groups.data?.deadLetterGroups ?? []).map((one) => one.source)]);
  return html`<${Page} title="Dead letters" lead="What has failed for good: why, and the way back.">
    <${Filters}>
      <${Choice} name="status" label="Status" options=${STATUSES.map((value) => ({ value, title: words(value) }))} initial=${OPEN} />
      <${Select} name="source" label="Source" options=${[...named].sort().map((value) => ({ value, title: value }))} />
      ${fingerprint &&
      html`<button type="button" class="button quiet" onClick=${() => setQuery({ fingerprint: null })}>One cause only: show all</button>`}
      <${ClearFilters} names=${FILTERS} />
    <//>
    <${Loaded} query=${groups}>${(data) => html`<${Causes} groups=${data.deadLetterGroups} sources=${sources} chosen=${fingerprint} />`}<//>
    <${Redrives} />
    ${(groups.data ?? groups.error) !== null &&
    html`<${Panel}
      title="Letters"
      flush
      actions=${letters.data?.deadLetters.totalCount > 0 &&
      html`<${RedriveButton} small label="Redrive what waits of these" filter=${{ ...filter, statuses: ["PENDING"] }} />`}
    >
      <${Loaded} query=${letters}>
        ${(data) => html`
          <${Table}
            label="Dead letters"
            columns=${COLUMNS}
            rows=${data.deadLetters.nodes}
            rowKey=${(row) => row.id}
            rowHref=${addressOfLetter}
            empty=${html`<${Empty} title="No letters like these" icon="dead-letters" command="synthetic dead-letters list" />`}
            busy=${letters.isOld}
          />
          ${data.deadLetters.totalCount > 0 &&
          html`<${Pager}
            pageInfo=${data.deadLetters.pageInfo}
            shown=${data.deadLetters.nodes.length}
            total=${data.deadLetters.totalCount}
            noun="letter"
          />`}
        `}
      <//>
    <//>`}
  <//>`;
}
