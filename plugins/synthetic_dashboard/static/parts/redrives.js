// The redrives of late: how far they have come, and a way to stop one.

import { html } from "../view.js";
import { ask, gql } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { ActionButton } from "./action.js";
import { count } from "./number.js";
import { Panel } from "./page.js";
import { Problem } from "./problem.js";
import { Progress } from "./progress.js";
import { Status } from "./status.js";
import { Table } from "./table.js";
import { Time } from "./time.js";

const LATEST = gql`
  query Redrives {
    deadLetterRedrives(first: 5) { nodes { id status matched retried failed createdAt createdBy endedAt ratePerSecond } }
  }
`;

const CHANGES = gql`
  subscription RedriveChanges($after: Position) {
    events(
      after: $after
      filter: { types: ["dead_letter_redrive.started", "dead_letter_redrive.ended", "dead_letter.retrying"] }
    ) { position type }
  }
`;

const CANCEL = gql`
  mutation CancelRedrive($input: CancelDeadLetterRedriveInput!) {
    cancelDeadLetterRedrive(input: $input) { redrive { id status } }
  }
`;

async function cancel(id, reload) {
  await ask(CANCEL, { input: { id } });
  reload();
  return "The redrive was cancelled; what it has retried stays so.";
}

function columns(reload) {
  return [
    { title: "Begun", cell: (row) => html`<${Time} at=${row.createdAt} />` },
    { title: "By", cell: (row) => row.createdBy },
    { title: "Status", cell: (row) => html`<${Status} value=${row.status} />` },
    {
      title: "Progress",
      cell: (row) =>
        html`<${Progress}
          value=${row.matched ? Math.floor((100 * (row.retried + row.failed)) / row.matched) : 100}
          status=${row.status === "RUNNING" ? "RUNNING" : "COMPLETED"}
        />`,
    },
    { title: "Retried", number: true, cell: (row) => `${count(row.retried)} of ${count(row.matched)}` },
    { title: "Failed again", number: true, cell: (row) => count(row.failed) },
    {
      title: "",
      cell: (row) =>
        row.status === "RUNNING" &&
        html`<${ActionButton} label="Cancel" small kind="danger" run=${() => cancel(row.id, reload)} />`,
    },
  ];
}

/** The panel; it is not there where nothing was ever redriven. */
export function Redrives() {
  const query = useQuery(LATEST, {}, { document: CHANGES, apply: () => RELOAD });
  const rows = query.data?.deadLetterRedrives.nodes ?? [];
  if (query.error) {
    return html`<${Problem} error=${query.error} retry=${query.reload} />`;
  }
  if (rows.length === 0) {
    return null;
  }
  return html`<${Panel} title="Redrives" flush>
    <${Table} label="Redrives" columns=${columns(query.reload)} rows=${rows} rowKey=${(row) => row.id} />
  <//>`;
}
