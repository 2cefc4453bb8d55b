// What the fleet costs: by model, agent or project, over days; and budgets.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { useQuery } from "../live.js";
import { Budgets } from "../parts/budgets.js";
import { Chart } from "../parts/chart.js";
import { Empty } from "../parts/empty.js";
import { EntityLink } from "../parts/entity.js";
import { Choice, Filters } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { count, money, percent, short } from "../parts/number.js";
import { Page, Panel } from "../parts/page.js";
import { Table } from "../parts/table.js";
import { Plain } from "../parts/text.js";

const COSTS = gql`
  query Costs($groupBy: [CostGroup!], $from: DateTime!, $bucket: TimeBucket!, $timeZone: String!) {
    costs(groupBy: $groupBy, from: $from, bucket: $bucket, timeZone: $timeZone, first: 100) {
      key currency costMicros responses inputTokens outputTokens cacheReadTokens cacheWriteTokens
      series { from costMicros inputTokens outputTokens cacheReadTokens cacheWriteTokens }
    }
    prices { unpriced { model tokens } }
  }
`;

const CHANGES = gql`
  subscription CostChanges($after: Position, $groupBy: [CostGroup!], $from: DateTime!, $bucket: TimeBucket!, $timeZone: String!) {
    costs(after: $after, groupBy: $groupBy, from: $from, bucket: $bucket, timeZone: $timeZone, first: 100) {
      position
      rows {
        key currency costMicros responses inputTokens outputTokens cacheReadTokens cacheWriteTokens
        series { from costMicros inputTokens outputTokens cacheReadTokens cacheWriteTokens }
      }
    }
  }
`;

const DAY_MS = 86_400_000;
const GROUPS = [
  { value: "MODEL", title: "Model" },
  { value: "AGENT", title: "Agent" },
  { value: "PROJECT", title: "Project" },
  { value: "CONSTRUCT", title: "Construct" },
];
const WINDOWS = [
  { value: "1", title: "24 hours" },
  { value: "7", title: "7 days" },
  { value: "30", title: "30 days" },
  { value: "90", title: "90 days" },
];
const MEASURES = [
  { value: "money", title: "Money" },
  { value: "tokens", title: "Tokens" },
];
const SHOWN_SERIES = 5;
const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const tokensOf = (row) => row.inputTokens + row.outputTokens + row.cacheReadTokens + row.cacheWriteTokens;
const sum = (rows, of) => rows.reduce((total, row) => total + of(row), 0);

/** The begin of the window: whole days back, so that the query stays the same while one looks. */
function beginOf(days, now) {
  if (days === 1) {
    return new Date(now - DAY_MS);
  }
  const day = new Date(now - (days - 1) * DAY_MS);
  day.setHours(0, 0, 0, 0);
  return day;
}

/** The rows with the largest values as series of their own, and the others as one. */
function seriesOf(rows, measure) {
  const sorted = [...rows].sort((one, other) => sum(other.series, measure) - sum(one.series, measure));
  const shown = sorted.slice(0, SHOWN_SERIES).map((row) => ({ title: row.key ?? "not said", values: row.series.map(measure) }));
  const others = sorted.slice(SHOWN_SERIES);
  if (others.length > 0) {
    const values = others[0].series.map((_, place) => sum(others, (row) => measure(row.series[place])));
    shown.push({ title: `${others.length} others`, values });
  }
  return shown.filter(({ values }) => values.some((value) => value > 0));
}

function columnsOf(group, total, title) {
  const link = { PROJECT: null, CONSTRUCT: "construct" }[group];
  return [
    {
      title,
      clip: true,
      share: "30%",
      cell: (row) =>
        row.key === null
          ? html`<span class="soft">not said</span>`
          : link
            ? html`<span><${EntityLink} type=${link} id=${row.key} /></span>`
            : html`<span><${Plain} text=${row.key} /></span>`,
    },
    { title: "Cost", number: true, cell: (row) => html`<strong>${money(row.costMicros, row.currency)}</strong>` },
    { title: "Share", number: true, cell: (row) => (total > 0 && row.costMicros !== null ? percent(row.costMicros / total) : "–") },
    { title: "Responses", number: true, cell: (row) => count(row.responses) },
    { title: "Input", number: true, cell: (row) => short(row.inputTokens) },
    { title: "Output", number: true, cell: (row) => short(row.outputTokens) },
    { title: "Cache read", number: true, cell: (row) => short(row.cacheReadTokens) },
    { title: "Cache write", number: true, cell: (row) => short(row.cacheWriteTokens) },
  ];
}

function Spent({ rows, group, isMoney, byHour }) {
  const currencies = [...new Set(rows.map((row) => row.currency).filter(Boolean))];
  const currency = currencies[0] ?? null;
  const priced = rows.filter((row) => row.currency === currency);
  const charted = isMoney ? priced : rows;
  const measure = isMoney ? (row) => row.costMicros ?? 0 : tokensOf;
  const title = GROUPS.find(({ value }) => value === group).title;
  const times = (charted[0]?.series ?? []).map(({ from }) => Date.parse(from));
  const series = seriesOf(charted, measure);
  const total = sum(priced, (row) => row.costMicros ?? 0);
  const figures = [
    ...currencies.map((one) => ["Cost", money(sum(rows.filter((row) => row.currency === one), (row) => row.costMicros ?? 0), one)]),
    ["Tokens", short(sum(rows, tokensOf))],
    ["Responses", count(sum(rows, (row) => row.responses))],
  ];
  return html`
    <div class="figures">${figures.map(([name, value]) => html`<div><span>${name}</span><strong>${value}</strong></div>`)}</div>
    <${Panel} title=${byHour ? "By the hour" : "By day"} aside=${isMoney ? currency : "tokens"}>
      ${series.length === 0
        ? html`<${Empty} title=${isMoney ? "Nothing of this has a price" : "No tokens in this time"} icon="costs" />`
        : html`<${Chart}
            times=${times}
            series=${series}
            format=${(value) => (isMoney ? money(value, currency) : short(value))}
            formatTime=${(at) => (byHour ? HOUR : DAY).format(at)}
            label=${`${isMoney ? "Cost" : "Tokens"} over time; the table below has the sums`}
          />`}
    <//>
    <${Panel} title=${`By ${title.toLowerCase()}`} flush>
      <${Table} label="Costs" columns=${columnsOf(group, total, title)} rows=${rows} rowKey=${(row) => `${row.key} ${row.currency}`} />
    <//>
  `;
}

/** The page. */
export default function Costs({ query }) {
  const group = GROUPS.find(({ value }) => value === query.get("by"))?.value ?? "MODEL";
  const days = Number(WINDOWS.find(({ value }) => value === query.get("days"))?.value ?? "30");
  const isMoney = query.get("of") !== "tokens";
  // The hour, so that what is asked changes once an hour and not each time the page is drawn.
  const hour = Math.ceil(Date.now() / 3_600_000) * 3_600_000;
  const byHour = days === 1;
  const variables = {
    groupBy: [group],
    from: beginOf(days, hour).toISOString(),
    bucket: byHour ? "HOUR" : "DAY",
    timeZone: TIME_ZONE,
  };
  const live = { document: CHANGES, variables, apply: (data, update) => ({ ...data, costs: update.costs.rows }) };
  const costs = useQuery(COSTS, variables, live);
  const unpriced = (costs.data?.prices.unpriced ?? []).filter(({ tokens }) => tokens > 0);
  return html`<${Page} title="Costs" lead="What models were asked for, and what that costs by the prices of this store.">
    <${Filters}>
      <${Choice} name="by" label="By" single options=${GROUPS} initial="MODEL" />
      <${Choice} name="days" label="Window" single options=${WINDOWS} initial="30" />
      <${Choice} name="of" label="Measure" single options=${MEASURES} initial="money" />
    <//>
    <${Loaded} query=${costs} rows=${10}>
      ${(data) => html`
        ${data.costs.length === 0
          ? html`<${Panel}>
              <${Empty} title="Nothing was spent in this time" icon="costs" command="synthetic ingest DIRECTORY">
                Costs come from the usage in transcripts, and from the mutation recordCost.
              <//>
            <//>`
          : html`<${Spent} rows=${data.costs} group=${group} isMoney=${isMoney} byHour=${byHour} />`}
        ${unpriced.length > 0 &&
        html`<${Panel} title="Without a price" aside="not in the sums: docs/costs.md says how to add prices">
          <p>${unpriced.map(({ model, tokens }) => `${model ?? "unnamed"} (${short(tokens)} tokens)`).join(", ")}</p>
        <//>`}
      `}
    <//>
    ${(costs.data ?? costs.error) !== null && html`<${Budgets} />`}
  <//>`;
}
