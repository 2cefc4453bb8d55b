// The backups of the store: the last proven one, the schedule, and a way to ask for one now.

import { html } from "../view.js";
import { ask, gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { ActionButton } from "./action.js";
import { Empty } from "./empty.js";
import { Loaded } from "./loaded.js";
import { bytes, plural } from "./number.js";
import { Facts, Panel } from "./page.js";
import { Status } from "./status.js";
import { Table } from "./table.js";
import { Time } from "./time.js";

const BACKUPS = gql`
  query BackupList {
    backups(first: 8) {
      lastProvenAt requestedAt schedule totalCount unreadable
      nodes { id reason takenAt provenAt problems isWhole bytes addedBytes }
    }
  }
`;

const CHANGES = gql`
  subscription BackupChanges($after: Position) {
    syncStatus(after: $after, modules: ["backup"]) { position module status }
  }
`;

const RUN = gql`
  mutation RunBackup($input: RunBackupInput!) {
    runBackup(input: $input) { requestedAt }
  }
`;

function stateOf(backup) {
  if (backup.problems.length > 0) {
    return html`<span title=${backup.problems.join("\n")}><${Status} value="FAILED" label=${plural(backup.problems.length, "problem")} /></span>`;
  }
  return backup.provenAt
    ? html`<${Status} value="PASSED" label="Proven" />`
    : html`<${Status} value="PENDING" label=${backup.isWhole ? "Not proven yet" : "Being taken"} />`;
}

const COLUMNS = [
  { title: "Taken", cell: (row) => html`<span title=${row.id}><${Time} at=${row.takenAt} /></span><div class="sub">${row.reason}</div>` },
  { title: "State", cell: stateOf },
  { title: "Size", number: true, cell: (row) => html`${bytes(row.bytes)}<div class="sub">${bytes(row.addedBytes)} new</div>` },
];

/** The panel. */
export function Backups() {
  const query = useQuery(BACKUPS, {}, { document: CHANGES, apply: () => RELOAD });
  const run = async () => {
    await ask(RUN, { input: { reason: "dashboard" } });
    query.reload();
    return "A backup begins within a second; it appears here when it is proven.";
  };
  return html`<${Panel}
    title="Backups"
    flush
    actions=${html`<${ActionButton} label="Back up now" small scope="admin" run=${run} />`}
  >
    <${Loaded} query=${query} rows=${4}>
      ${({ backups }) => html`
        <div class="panel-body">
          <${Facts}
            items=${[
              ["Last proven", html`<${Time} at=${backups.lastProvenAt} none="never" />`],
              ["Asked for", backups.requestedAt && html`<${Time} at=${backups.requestedAt} />`],
              ["Schedule", backups.schedule ?? "none: kernel.backups.schedule sets one"],
              ["Not readable", backups.unreadable.join(", ")],
            ]}
          />
        </div>
        <${Table}
          label="Backups"
          columns=${COLUMNS}
          rows=${backups.nodes}
          rowKey=${(row) => row.id}
          empty=${html`<${Empty} title="No backups yet" icon="storage" command="synthetic backup" />`}
        />
      `}
    <//>
  <//>`;
}
