// An error of the contract, whole: what happened, what to do, and what to quote.

import { html } from "../view.js";
import { Time } from "./time.js";

/** Shows `error` (code, message, action, correlationId, occurredAt); `retry` is a function for a button, or absent. */
export function Problem({ error, retry }) {
  return html`<div class="problem" role="alert">
    <div class="problem-title"><span>${error.message}</span><code>${error.code}</code></div>
    ${error.action && html`<p>${error.action}</p>`}
    <div class="row">
      <span class="problem-trace">
        ${error.occurredAt && html`<${Time} at=${error.occurredAt} />`}
        ${error.correlationId && html`${" · "}correlation id <code>${error.correlationId}</code>`}
      </span>
      ${retry && html`<button type="button" class="button small" onClick=${retry}>Try again</button>`}
    </div>
  </div>`;
}
