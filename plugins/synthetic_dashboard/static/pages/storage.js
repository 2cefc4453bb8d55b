// The store itself: how much room it takes, whether it is sound, what retention would delete, and its backups.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { useQuery } from "../live.js";
import { Backups } from "../parts/backups.js";
import { Checks } from "../parts/checks.js";
import { Loaded } from "../parts/loaded.js";
import { bytes, plural } from "../parts/number.js";
import { Facts, Page, Panel } from "../parts/page.js";
import { Retention } from "../parts/retention.js";
import { Table } from "../parts/table.js";
import { Time } from "../parts/time.js";

const STORAGE = gql`
  query StorageReport {
    health { version sqliteVersion startedAt now }
    storage {
      measuredAt usedBytes warnBytes limitBytes warning databaseBytes freePageBytes walBytes artifactBytes archiveBytes
      backupBytes quarantineBytes freeDiskBytes unreadable
      tables { table plugin bytes indexBytes isEstimate }
    }
  }
`;

const PARTS = [
  ["Database", ({ databaseBytes, freePageBytes }) => databaseBytes - freePageBytes, "--series-1"],
  ["Free pages in it", ({ freePageBytes }) => freePageBytes, "--series-6"],
  ["Write-ahead log", ({ walBytes }) => walBytes, "--series-5"],
  ["Artifacts", ({ artifactBytes }) => artifactBytes, "--series-2"],
  ["Archive of the log", ({ archiveBytes }) => archiveBytes, "--series-3"],
  ["Backups", ({ backupBytes }) => backupBytes, "--series-4"],
  ["Set aside as damaged", ({ quarantineBytes }) => quarantineBytes, "--bad"],
];

function Room({ storage, health }) {
  const parts = PARTS.map(([title, of, token]) => ({ title, value: of(storage), token })).filter(({ value }) => value > 0);
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const limit = storage.limitBytes ?? storage.warnBytes;
  return html`<${Panel} title="Room" aside=${html`measured <${Time} at=${storage.measuredAt} />`}>
    <div class="stack">
      ${storage.warning && html`<p class="problem" role="alert">${storage.warning}</p>`}
      <div class="shares" role="img" aria-label="What the data directory is made of; the list below says the same">
        ${parts.map(({ value, token }) => html`<i style=${{ flexGrow: value / total, background: `var(${token})` }}></i>`)}
      </div>
      <ul class="shares-legend">
        ${parts.map(
          ({ title, value, token }) => html`<li><i style=${{ background: `var(${token})` }}></i>${title}<strong>${bytes(value)}</strong></li>`,
        )}
      </ul>
      <${Facts}
        items=${[
          ["Used", limit ? `${bytes(storage.usedBytes)} of ${bytes(limit)}` : bytes(storage.usedBytes)],
          ["Free on the disk", bytes(storage.freeDiskBytes)],
          ["Not readable", storage.unreadable.join(", ")],
          ["Running since", html`<${Time} at=${health.startedAt} />`],
          ["Versions", `Synthetic ${health.version}, SQLite ${health.sqliteVersion}`],
        ]}
      />
    </div>
  <//>`;
}

const COLUMNS = [
  { title: "Table", cell: (row) => html`<code>${row.table}</code>` },
  { title: "Plugin", cell: (row) => row.plugin ?? html`<span class="soft">–</span>` },
  { title: "Rows", number: true, cell: (row) => `${row.isEstimate ? "≈ " : ""}${bytes(row.bytes)}` },
  { title: "Indexes", number: true, cell: (row) => bytes(row.indexBytes) },
  { title: "Together", number: true, cell: (row) => bytes(row.bytes + row.indexBytes) },
];

function Tables({ tables }) {
  return html`<${Panel} title="Tables" aside=${plural(tables.length, "table")} flush>
    <div class="table-tall" tabindex="0" role="region" aria-label="Sizes of tables">
      <${Table} label="Tables" columns=${COLUMNS} rows=${tables} rowKey=${(row) => row.table} />
    </div>
  <//>`;
}

/** The page. */
export default function Storage() {
  const query = useQuery(STORAGE);
  return html`<${Page}
    title="Storage and health"
    actions=${html`<button type="button" class="button" onClick=${query.reload} aria-busy=${query.loading}>Measure again</button>`}
  >
    <${Loaded} query=${query} rows=${10}>
      ${(data) =>
        html`<div class="columns">
          <div>
            <${Room} storage=${data.storage} health=${data.health} />
            <${Tables} tables=${data.storage.tables} />
          </div>
          <div>
            <${Checks} />
            <${Backups} />
            <${Retention} />
          </div>
        </div>`}
    <//>
  <//>`;
}
