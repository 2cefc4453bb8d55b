// The checks of the kernel and the plugins, run when somebody asks for them.

import { html, useState } from "../view.js";
import { ask, gql } from "../graphql.js";
import { Empty } from "./empty.js";
import { EntityLink } from "./entity.js";
import { Icon } from "./icon.js";
import { plural } from "./number.js";
import { Panel } from "./page.js";
import { Problem } from "./problem.js";
import { Skeleton } from "./skeleton.js";
import { Status } from "./status.js";
import { Plain } from "./text.js";
import { Time, duration } from "./time.js";

const CHECKS = gql`
  query Integrity {
    integrity {
      status checkedAt
      checks {
        name purpose status hasMore ms
        findings { entityType entityId code message action }
        reason { code message action correlationId occurredAt }
      }
    }
  }
`;

function Finding({ finding }) {
  return html`<li>
    <${Plain} text=${finding.message} />
    ${finding.entityId && html` <${EntityLink} type=${finding.entityType} id=${finding.entityId} />`}
    <div class="soft small">${finding.action}</div>
  </li>`;
}

function Check({ check }) {
  return html`<details open=${check.status === "FAILED"}>
    <summary class="check">
      <${Status} value=${check.status} /><code>${check.name}</code><span class="soft small">${duration(check.ms)}</span>
    </summary>
    <p class="soft small">${check.purpose}</p>
    ${check.reason && html`<${Problem} error=${check.reason} />`}
    <ul class="findings">${check.findings.map((finding) => html`<${Finding} finding=${finding} />`)}</ul>
    ${check.hasMore && html`<p class="small">There are more: <code>synthetic check --json</code> names them all.</p>`}
  </details>`;
}

function Result({ integrity }) {
  const bad = integrity.checks.filter(({ status }) => status !== "PASSED");
  const good = integrity.checks.filter(({ status }) => status === "PASSED");
  return html`<div class="stack">
    <p class="row">
      <${Status} value=${integrity.status} />
      <span>${bad.length === 0 ? `All ${plural(good.length, "check")} passed` : `${plural(bad.length, "check")} not passed`}</span>
      <span class="soft small"><${Time} at=${integrity.checkedAt} /></span>
    </p>
    ${bad.map((check) => html`<${Check} key=${check.name} check=${check} />`)}
    ${good.length > 0 &&
    html`<details>
      <summary>What has passed</summary>
      ${good.map((check) => html`<${Check} key=${check.name} check=${check} />`)}
    </details>`}
  </div>`;
}

/** The panel. */
export function Checks() {
  const [state, setState] = useState({ integrity: null, error: null, busy: false });
  const run = async () => {
    setState({ integrity: null, error: null, busy: true });
    try {
      const { integrity } = await ask(CHECKS);
      setState({ integrity, error: null, busy: false });
    } catch (error) {
      setState({ integrity: null, error, busy: false });
    }
  };
  const button = html`<button type="button" class="button small" disabled=${state.busy} aria-busy=${state.busy} onClick=${run}>
    <${Icon} name=${state.busy ? "busy" : "good"} />Run the checks
  </button>`;
  return html`<${Panel} title="Checks" actions=${button}>
    ${state.error && html`<${Problem} error=${state.error} retry=${run} />`}
    ${state.busy && html`<${Skeleton} rows=${3} />`}
    ${state.integrity && html`<${Result} integrity=${state.integrity} />`}
    ${!state.busy &&
    !state.integrity &&
    !state.error &&
    html`<${Empty} title="Not run yet" icon="question" command="synthetic check">Is every row where it belongs, every file whole?<//>`}
  <//>`;
}
