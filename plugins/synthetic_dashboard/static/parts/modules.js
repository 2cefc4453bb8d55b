// How every module fares, live, with what can be asked of each.

import { html, useEffect } from "../view.js";
import { connection, gql } from "../graphql.js";
import { useQuery } from "../live.js";
import { Empty } from "./empty.js";
import { Loaded } from "./loaded.js";
import { ModuleActions } from "./module-actions.js";
import { plural } from "./number.js";
import { Panel } from "./page.js";
import { Problem } from "./problem.js";
import { Status, words } from "./status.js";
import { Duration, Time, duration } from "./time.js";

// How far a module has come is no event, so it is asked for now and then.
const REFRESH_MS = 5000;
// What is in trouble comes first; whoever is at work keeps its place.
const RANKS = { FAILED: 0, STALE: 1, DISABLED: 3 };
const USUAL_RANK = 2;

const MODULES = gql`
  query Modules {
    syncStatus {
      module kind status statusSince lastAttemptAt lastSuccessAt lagEvents lagMs actions requested failures cursor
      staleReasons { reason message }
      error { code message action correlationId occurredAt }
      drift { checkedAt compared differing }
    }
  }
`;

const MODULE_CHANGED = gql`
  subscription ModuleChanged($after: Position) {
    syncStatus(after: $after) {
      module kind status statusSince lastAttemptAt lastSuccessAt lagEvents lagMs actions requested failures cursor
      staleReasons { reason message }
      error { code message action correlationId occurredAt }
      drift { checkedAt compared differing }
    }
  }
`;

function changed(data, { syncStatus: module }) {
  const others = data.syncStatus.filter((one) => one.module !== module.module);
  const isGone = module.staleReasons.some(({ reason }) => reason === "FORGOTTEN");
  return { syncStatus: isGone ? others : [...others, module] };
}

function inOrder(modules) {
  const rank = (module) => RANKS[module.status] ?? USUAL_RANK;
  return [...modules].sort((one, other) => rank(one) - rank(other) || one.module.localeCompare(other.module));
}

function lag(module) {
  if (module.lagEvents === null) {
    return module.lagMs === null ? "–" : duration(module.lagMs);
  }
  return module.lagEvents === 0 ? "none" : `${plural(module.lagEvents, "event")}, ${duration(module.lagMs)}`;
}

function Module({ module, change }) {
  const { drift } = module;
  return html`<li class="module" data-key=${module.module} data-module=${module.module}>
    <div class="module-head">
      <strong>${module.module}</strong>
      <${Status} value=${module.status} />
      <span class="soft small">${words(module.kind)}</span>
      <${ModuleActions} module=${module} change=${change} />
    </div>
    <dl class="module-facts">
      <div><dt>Last success</dt><dd><${Time} at=${module.lastSuccessAt} none="never" /></dd></div>
      <div><dt>Last attempt</dt><dd><${Time} at=${module.lastAttemptAt} none="never" /></dd></div>
      <div><dt>Lag</dt><dd>${lag(module)}</dd></div>
      ${module.status !== "SYNCED" && html`<div><dt>${words(module.status)} for</dt><dd><${Duration} from=${module.statusSince} /></dd></div>`}
      ${drift?.checkedAt &&
      html`<div>
        <dt title="Compared with what the log makes of it">Compared</dt>
        <dd>${drift.differing ? `${plural(drift.differing, "row")} differ` : "equal"}, <${Time} at=${drift.checkedAt} /></dd>
      </div>`}
    </dl>
    ${module.staleReasons.length > 0 &&
    html`<ul class="module-reasons">
      ${module.staleReasons.map(({ reason, message }) => html`<li>${message} <code>${reason}</code></li>`)}
    </ul>`}
    ${module.error && html`<${Problem} error=${module.error} />`}
  </li>`;
}

function summary(modules) {
  const troubled = modules.filter(({ status }) => status === "FAILED" || status === "STALE").length;
  return troubled === 0 ? `${plural(modules.length, "module")}, none in trouble` : `${troubled} of ${modules.length} in trouble`;
}

/** A panel with all modules, those in trouble first. */
export function Modules() {
  const query = useQuery(MODULES, {}, { document: MODULE_CHANGED, apply: changed });
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && connection.value.state === "live" && query.reload(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [query.reload]);
  const change = (module) => query.change((data) => changed(data, { syncStatus: module }));
  return html`<${Panel} title="Modules" aside=${query.data && summary(query.data.syncStatus)} flush>
    <${Loaded} query=${query} rows=${12}>
      ${({ syncStatus }) =>
        syncStatus.length === 0
          ? html`<${Empty} title="No modules yet">Consumers of the log and programs that report to the store show here.<//>`
          : html`<ul class="modules">
              ${inOrder(syncStatus).map((module) => html`<${Module} key=${module.module} module=${module} change=${change} />`)}
            </ul>`}
    <//>
  <//>`;
}
