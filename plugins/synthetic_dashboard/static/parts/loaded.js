// What a query has come to: waiting, failed, or there.

import { html } from "../view.js";
import { Problem } from "./problem.js";
import { Skeleton } from "./skeleton.js";

/** Draws `children(data)` of a `useQuery`; before there is data a skeleton, and an error above what was shown last. */
export function Loaded({ query, rows = 6, children }) {
  return html`
    ${query.error && html`<${Problem} error=${query.error} retry=${query.reload} />`}
    ${query.data !== null ? children(query.data) : !query.error && html`<${Skeleton} rows=${rows} />`}
  `;
}
