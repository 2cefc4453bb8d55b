// What can be asked of a module: buttons that act, show how far it is, and end in a result.

import { html, useEffect, useRef, useState } from "../view.js";
import { ask, gql, may } from "../graphql.js";
import { confirm } from "./dialog.js";
import { Icon } from "./icon.js";
import { plural } from "./number.js";
import { Progress } from "./progress.js";
import { toastError } from "./toast.js";

const POLL_MS = 400;
const GIVE_UP_MS = 600_000;

const REQUEST = gql`
  mutation RequestResync($input: RequestResyncInput!) {
    requestResync(input: $input) {
      status {
        module kind status statusSince lastAttemptAt lastSuccessAt lagEvents lagMs actions requested failures cursor
        staleReasons { reason message }
        error { code message action correlationId occurredAt }
        drift { checkedAt compared differing }
      }
    }
  }
`;

const MODULE = gql`
  query ModuleNow($module: String!) {
    syncStatus(module: $module) {
      module kind status statusSince lastAttemptAt lastSuccessAt lagEvents lagMs actions requested failures cursor
      staleReasons { reason message }
      error { code message action correlationId occurredAt }
      drift { checkedAt compared differing }
    }
  }
`;

const ACTIONS = {
  RETRY: { label: "Retry", icon: "retry" },
  RESUME: {
    label: "Resume",
    icon: "play",
    text: "It tries once more. If the event fails again, it goes on without it, and lacks what the event told.",
  },
  RESYNC: { label: "Resync", icon: "retry", text: "It is told to fetch everything again." },
  REBUILD: {
    label: "Rebuild",
    icon: "retry",
    text: "It makes everything anew from the log and the tables. What it has now answers meanwhile.",
  },
  VERIFY: { label: "Verify", icon: "good" },
};

// Whether a module has done what was asked of it since `before`, the state in which it was asked.
function isDone(action, before, module) {
  if (module.requested !== null || module.status === "SYNCING") {
    return false;
  }
  return action === "VERIFY"
    ? module.drift?.checkedAt !== before.drift?.checkedAt
    : module.lastAttemptAt !== before.lastAttemptAt || module.status !== before.status;
}

function resultOf(action, module) {
  if (action === "VERIFY") {
    const { differing, compared } = module.drift;
    return differing
      ? { tone: "bad", text: `${plural(differing, "row")} of ${compared} differ from the log` }
      : { tone: "good", text: `${plural(compared, "row")} compared, no difference` };
  }
  if (module.status === "FAILED") {
    return { tone: "bad", text: `Failed again: ${module.error?.message ?? "see the reasons"}` };
  }
  return { tone: module.status === "STALE" ? "warn" : "good", text: module.status === "SYNCED" ? "Done: up to date" : "Done" };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The buttons for a module; `change(module)` takes over how it fares by now. */
export function ModuleActions({ module, change }) {
  const [work, setWork] = useState(null);
  const isHere = useRef(true);
  useEffect(
    () => () => {
      isHere.current = false;
    },
    [],
  );

  const watch = async (action, before) => {
    const giveUpAt = Date.now() + GIVE_UP_MS;
    let most = before.lagEvents ?? 0;
    while (isHere.current && Date.now() < giveUpAt) {
      const [current] = (await ask(MODULE, { module: before.module })).syncStatus;
      if (current === undefined) {
        return { tone: "warn", text: "The module is gone" };
      }
      change(current);
      most = Math.max(most, current.lagEvents ?? 0);
      if (isDone(action, before, current)) {
        return resultOf(action, current);
      }
      setWork({ action, share: most > 0 ? Math.round(100 * (1 - (current.lagEvents ?? 0) / most)) : null });
      await sleep(POLL_MS);
    }
    return null;
  };

  const isBusy = work !== null && work.action !== undefined;
  const press = async (action) => {
    if (isBusy) {
      return;
    }
    const { label, text } = ACTIONS[action];
    if (text && !(await confirm({ title: `${label} ${module.module}?`, text, action: label }))) {
      return;
    }
    setWork({ action, share: null });
    try {
      const { requestResync } = await ask(REQUEST, { input: { module: module.module, action } });
      change(requestResync.status);
      const result =
        module.kind === "OUTSIDE"
          ? { tone: "busy", text: `Asked. The module is told at its next report.` }
          : await watch(action, module);
      setWork(result);
    } catch (error) {
      toastError(error);
      setWork({ tone: "bad", text: error.message });
    }
  };

  return html`<div class="module-actions">
    ${isBusy &&
    html`<span class="soft small">${ACTIONS[work.action].label} is running</span>
      ${work.share !== null && html`<${Progress} value=${work.share} label=${ACTIONS[work.action].label} />`}`}
    ${work === null && module.requested && html`<span class="soft small">${ACTIONS[module.requested].label} is asked for</span>`}
    ${work !== null && !isBusy && html`<span class="action-result" role="status" data-tone=${work.tone}>${work.text}</span>`}
    ${may("write") &&
    module.actions.map((action) => {
      const { label, icon } = ACTIONS[action];
      const running = isBusy && work.action === action;
      return html`<button
        type="button"
        class="button small"
        key=${action}
        data-action=${action}
        aria-disabled=${isBusy}
        aria-busy=${running}
        onClick=${() => press(action)}
      >
        <${Icon} name=${running ? "busy" : icon} />${label}
      </button>`;
    })}
  </div>`;
}
