// How far a piece of work is.

import { html } from "../view.js";
import { toneOf } from "./status.js";

/** A bar and its percentage: `value` from 0 to 100; `status` gives the colour; `label` says of what. */
export function Progress({ value, status = "RUNNING", label = "Progress" }) {
  const share = Math.min(100, Math.max(0, value));
  return html`<div class="progress" data-tone=${toneOf(status)}>
    <div class="progress-track" role="progressbar" aria-label=${label} aria-valuenow=${share} aria-valuemin="0" aria-valuemax="100">
      <i style=${{ transform: `scaleX(${share / 100})` }}></i>
    </div>
    <output>${share} %</output>
  </div>`;
}
