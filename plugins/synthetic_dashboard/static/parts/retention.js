// Retention: what the rules would delete now, by name and number, and doing it.

import { html, useState } from "../view.js";
import { ask, gql, may } from "../graphql.js";
import { ActionButton } from "./action.js";
import { Empty } from "./empty.js";
import { count, plural } from "./number.js";
import { Panel } from "./page.js";
import { Problem } from "./problem.js";
import { Table } from "./table.js";
import { Time, duration, instant } from "./time.js";

const RUN = gql`
  mutation RunRetention($input: RunRetentionInput!) {
    runRetention(input: $input) {
      dryRun complete
      suspended { since expectedAt shownAt }
      rules { rule purpose table keepMs before rows refusedRows tables { table rows clearedRows } }
    }
  }
`;

const COLUMNS = [
  { title: "Rule", clip: true, share: "60%", cell: (row) => html`<span>${row.rule}</span><span class="sub">${row.purpose}</span>` },
  { title: "Kept for", cell: (row) => (row.keepMs === null ? html`<span class="soft">for ever</span>` : duration(row.keepMs)) },
  {
    title: "Rows",
    number: true,
    cell: (row) =>
      html`<span title=${row.tables.map((table) => `${table.table}: ${count(table.rows)}`).join("\n")}>${count(row.rows)}</span>`,
  },
];

function Suspended({ suspended }) {
  return html`<p class="problem" role="alert">
    <span
      >Retention is suspended since <${Time} at=${suspended.since} />: the clock showed ${instant(suspended.shownAt)} where
      ${" "}${instant(suspended.expectedAt)} was expected. Confirm that the clock is right to go on.</span
    >
  </p>`;
}

/** The panel. The preview too is a mutation, and needs the scope admin. */
export function Retention() {
  const [state, setState] = useState({ result: null, error: null });
  if (!may("admin")) {
    return html`<${Panel} title="Retention"><p class="soft">A preview and a run need a token with the scope admin.</p><//>`;
  }
  const run = async (input) => {
    try {
      const { runRetention } = await ask(RUN, { input });
      setState({ result: runRetention, error: null });
      return runRetention;
    } catch (error) {
      setState({ result: null, error });
      return null;
    }
  };
  const total = (result) => result.rules.reduce((sum, rule) => sum + rule.rows, 0);
  const preview = async () => {
    await run({ dryRun: true });
  };
  const apply = async () => {
    const result = await run({ dryRun: false, confirmClock: state.result?.suspended !== null });
    return result && `${plural(total(result), "row")} deleted${result.complete ? "" : "; there is more, run it again"}.`;
  };
  const found = state.result && total(state.result);
  return html`<${Panel}
    title="Retention"
    flush
    actions=${html`
      <${ActionButton} label="Preview" small scope="admin" run=${preview} />
      ${state.result?.dryRun &&
      (found > 0 || state.result.suspended) &&
      html`<${ActionButton}
        label=${state.result.suspended ? "Confirm the clock and run" : "Run"}
        small
        kind="danger"
        scope="admin"
        question=${{ title: `Delete ${plural(found, "row")}?`, text: "What the preview names is deleted for good, in small steps." }}
        run=${apply}
      />`}
    `}
  >
    ${state.error && html`<${Problem} error=${state.error} />`}
    ${state.result?.suspended && html`<${Suspended} suspended=${state.result.suspended} />`}
    ${state.result
      ? html`<p class="panel-body">
            ${state.result.dryRun ? `${plural(found, "row")} would be deleted now.` : `${plural(found, "row")} deleted.`}
          </p>
          <${Table} label="Rules" columns=${COLUMNS} rows=${state.result.rules} rowKey=${(row) => row.rule} />`
      : html`<${Empty} title="What would go now?" icon="question" command="synthetic retention run --dry-run">
          A preview names and counts it, and deletes nothing.
        <//>`}
  <//>`;
}
