// Budgets: how much of each is spent, and a way to make, change and delete them.

import { html, useState } from "../view.js";
import { ask, gql, may } from "../graphql.js";
import { useQuery } from "../live.js";
import { ActionButton } from "./action.js";
import { Dialog } from "./dialog.js";
import { Empty } from "./empty.js";
import { EntityLink } from "./entity.js";
import { Loaded } from "./loaded.js";
import { money } from "./number.js";
import { Panel } from "./page.js";
import { Problem } from "./problem.js";
import { Progress } from "./progress.js";
import { Status, words } from "./status.js";
import { Table } from "./table.js";
import { Plain } from "./text.js";
import { toast } from "./toast.js";

const BUDGETS = gql`
  query Budgets {
    budgets(first: 100) {
      nodes {
        id name projectId constructId construct { title } period timeZone limitMicros currency warnAtPercent version
        state { level periodFrom periodTo spentMicros remainingMicros uncountedTokens }
      }
    }
  }
`;

const SAVE = gql`
  mutation SaveBudget($input: SaveBudgetInput!) {
    saveBudget(input: $input) { budget { id } created }
  }
`;

const DELETE = gql`
  mutation DeleteBudget($input: DeleteBudgetInput!) {
    deleteBudget(input: $input) { id }
  }
`;

const PERIODS = ["DAY", "WEEK", "MONTH", "TOTAL"];
const MICROS = 1_000_000;
const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function scopeOf(budget) {
  if (budget.constructId) {
    return html`<${EntityLink} type="construct" id=${budget.constructId} title=${budget.construct?.title} />`;
  }
  return budget.projectId ? html`project <code>${budget.projectId}</code>` : "everything";
}

function columns(reload, edit) {
  return [
    { title: "Budget", cell: (row) => html`<${Plain} text=${row.name} /><div class="sub">${scopeOf(row)}</div>` },
    { title: "Period", cell: (row) => words(row.period) },
    { title: "Level", cell: (row) => row.state && html`<${Status} value=${row.state.level} />` },
    {
      title: "Spent",
      cell: (row) =>
        row.state &&
        html`<${Progress}
          value=${row.limitMicros ? Math.round((100 * row.state.spentMicros) / row.limitMicros) : 100}
          status=${row.state.level}
          label=${`Spent of ${row.name}`}
        />`,
    },
    { title: "", number: true, cell: (row) => `${money(row.state?.spentMicros, row.currency)} of ${money(row.limitMicros, row.currency)}` },
    {
      title: "",
      cell: (row) =>
        may("write") &&
        html`<span class="row">
          <button type="button" class="button small" onClick=${() => edit(row)}>Change</button>
          <${ActionButton}
            label="Delete"
            small
            kind="danger"
            question=${{ title: `Delete the budget ${row.name}?`, text: "What was spent stays on record." }}
            run=${async () => {
              await ask(DELETE, { input: { id: row.id } });
              reload();
              return "The budget was deleted.";
            }}
          />
        </span>`,
    },
  ];
}

function inputOf(form, budget) {
  const values = new FormData(form);
  const own = {
    name: values.get("name").trim(),
    limitMicros: Math.round(Number(values.get("limit")) * MICROS),
    currency: values.get("currency").trim().toUpperCase(),
    period: values.get("period"),
    warnAtPercent: Number(values.get("warn")),
    projectId: values.get("project").trim() || null,
  };
  if (budget) {
    return { ...own, id: budget.id, ifVersion: budget.version, constructId: budget.constructId, timeZone: budget.timeZone };
  }
  return { ...own, timeZone: TIME_ZONE };
}

function Field({ label, ...input }) {
  return html`<label class="field"><span>${label}</span><input class="input" required ...${input} /></label>`;
}

function Editor({ budget, close, reload }) {
  const [error, setError] = useState(null);
  const save = async (event) => {
    event.preventDefault();
    try {
      const { saveBudget } = await ask(SAVE, { input: inputOf(event.currentTarget, budget) });
      toast(saveBudget.created ? "The budget was made." : "The budget was changed.");
      close();
      reload();
    } catch (failure) {
      setError(failure);
    }
  };
  const title = budget ? "Change the budget" : "A new budget";
  return html`<${Dialog} label=${title} close=${close}>
    <form onSubmit=${save}>
      <h2>${title}</h2>
      ${error && html`<${Problem} error=${error} />`}
      <${Field} label="Name" name="name" value=${budget?.name ?? ""} />
      <div class="row">
        <${Field} label="Limit" name="limit" type="number" min="0.01" step="0.01" value=${budget ? budget.limitMicros / MICROS : ""} />
        <${Field} label="Currency" name="currency" size="4" value=${budget?.currency ?? "USD"} />
        <${Field} label="Warn at percent" name="warn" type="number" min="1" max="100" value=${budget?.warnAtPercent ?? 80} />
      </div>
      <label class="field"
        ><span>Period</span>
        <select class="select" name="period">
          ${PERIODS.map((value) => html`<option value=${value} selected=${value === (budget?.period ?? "MONTH")}>${words(value)}</option>`)}
        </select>
      </label>
      <${Field} label="Project (empty: everything)" name="project" required=${false} value=${budget?.projectId ?? ""} />
      <footer>
        <button type="button" class="button" onClick=${close}>Keep as it is</button>
        <button type="submit" class="button primary">Save</button>
      </footer>
    </form>
  <//>`;
}

/** The panel. */
export function Budgets() {
  const query = useQuery(BUDGETS);
  const [edited, setEdited] = useState(null);
  return html`<${Panel}
    title="Budgets"
    flush
    actions=${may("write") && html`<button type="button" class="button small" onClick=${() => setEdited({ budget: null })}>New budget</button>`}
  >
    <${Loaded} query=${query} rows=${3}>
      ${(data) =>
        html`<${Table}
          label="Budgets"
          columns=${columns(query.reload, (budget) => setEdited({ budget }))}
          rows=${data.budgets.nodes}
          rowKey=${(row) => row.id}
          empty=${html`<${Empty} title="No budgets" icon="costs">A budget warns when so much is spent in a day, a week or a month.<//>`}
        />`}
    <//>
    ${edited && html`<${Editor} budget=${edited.budget} close=${() => setEdited(null)} reload=${query.reload} />`}
  <//>`;
}
