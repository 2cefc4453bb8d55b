// States as a word, an icon and a colour; never as a colour alone.

import { html } from "../view.js";
import { Icon } from "./icon.js";

const LOOKS = {
  // modules
  SYNCED: ["good", "good"],
  SYNCING: ["busy", "busy"],
  STALE: ["warn", "warn"],
  NEVER_SYNCED: ["calm", "none"],
  DISABLED: ["calm", "paused"],
  // jobs, constructs, sessions, attempts
  PENDING: ["calm", "waiting"],
  RUNNING: ["busy", "busy"],
  WAITING: ["warn", "waiting"],
  COMPLETED: ["good", "good"],
  SUCCEEDED: ["good", "good"],
  FAILED: ["bad", "bad"],
  CANCELLED: ["calm", "stopped"],
  PLANNED: ["calm", "waiting"],
  ACTIVE: ["busy", "play"],
  BLOCKED: ["warn", "warn"],
  ENDED: ["good", "good"],
  ABANDONED: ["warn", "none"],
  LAPSED: ["warn", "waiting"],
  RELEASED: ["calm", "none"],
  // approvals, dead letters, deliveries
  APPROVED: ["good", "good"],
  REJECTED: ["bad", "bad"],
  EXPIRED: ["calm", "waiting"],
  RETRYING: ["busy", "retry"],
  RESOLVED: ["good", "good"],
  DISCARDED: ["calm", "stopped"],
  DELIVERED: ["good", "good"],
  DONE: ["good", "good"],
  // checks, budgets, artifacts
  PASSED: ["good", "good"],
  INCOMPLETE: ["warn", "warn"],
  OK: ["good", "good"],
  WARNED: ["warn", "warn"],
  EXCEEDED: ["bad", "bad"],
  AVAILABLE: ["good", "good"],
  DELETED: ["calm", "none"],
  MISSING: ["bad", "bad"],
  ALTERED: ["bad", "warn"],
};

/** A value of an enum in words: NEVER_SYNCED is "Never synced". */
export function words(value) {
  const text = value.toLowerCase().replaceAll("_", " ");
  return text[0].toUpperCase() + text.slice(1);
}

/** The tone of a state: good, warn, bad, busy or calm. */
export function toneOf(value) {
  return (LOOKS[value] ?? ["calm"])[0];
}

/** The state `value` of anything; `label` replaces its word. */
export function Status({ value, label }) {
  const [tone, icon] = LOOKS[value] ?? ["calm", "dot"];
  return html`<span class="status" data-tone=${tone} data-status=${value}><${Icon} name=${icon} />${label ?? words(value)}</span>`;
}
