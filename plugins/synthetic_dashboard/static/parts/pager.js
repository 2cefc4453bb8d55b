// Pages of a connection, by cursors that stand in the URL (`after`, `before`).

import { html } from "../view.js";
import { setQuery } from "../router.js";
import { Icon } from "./icon.js";
import { count, plural } from "./number.js";

export const PAGE_SIZE = 50;

/** The variables `first`, `after`, `last` and `before` of the page that the URL's query asks for. */
export function pageVariables(query, size = PAGE_SIZE) {
  const before = query.get("before");
  return before === null
    ? { first: size, after: query.get("after"), last: null, before: null }
    : { first: null, after: null, last: size, before };
}

/** Whether the URL's query asks for the first page. */
export function isFirstPage(query) {
  return !query.has("after") && !query.has("before");
}

/** What to change in the URL when a filter changes: the list begins anew. */
export const FROM_THE_START = { after: null, before: null };

/** Buttons for the pages around one: `pageInfo` is GraphQL's, `shown` how many rows it has, `total` how many there are. */
export function Pager({ pageInfo, shown, total, noun = "row" }) {
  const next = () => setQuery({ after: pageInfo.endCursor, before: null });
  const previous = () => setQuery({ before: pageInfo.startCursor, after: null });
  const said = total === undefined || total === null ? plural(shown, noun) : `${count(shown)} of ${plural(total, noun)}`;
  return html`<nav class="pager" aria-label="Pages">
    <span>${said}</span>
    <span class="row">
      <button type="button" class="button small" disabled=${!pageInfo?.hasPreviousPage} onClick=${() => setQuery(FROM_THE_START)}>
        First
      </button>
      <button type="button" class="button small" disabled=${!pageInfo?.hasPreviousPage} onClick=${previous}>
        <${Icon} name="previous" />Previous
      </button>
      <button type="button" class="button small" disabled=${!pageInfo?.hasNextPage} onClick=${next}>
        Next<${Icon} name="next" />
      </button>
    </span>
  </nav>`;
}
