// Stands in for content that is being loaded, with its height, so that nothing jumps when it comes.

import { html } from "../view.js";

/** `rows` lines of waiting. */
export function Skeleton({ rows = 6 }) {
  return html`<div class="skeleton panel-body" aria-hidden="true">${Array.from({ length: rows }, () => html`<i></i>`)}</div>`;
}
