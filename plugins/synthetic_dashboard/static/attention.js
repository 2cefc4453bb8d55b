// How many things wait for a person, beside their pages in the navigation.

import { html } from "./view.js";
import { gql } from "./graphql.js";
import { RELOAD, useQuery } from "./live.js";
import { short } from "./parts/number.js";

const WAITING = {
  "/approvals": {
    query: gql`
      query PendingApprovals {
        page: approvals(filter: { statuses: [PENDING] }, first: 1) { totalCount }
      }
    `,
    updates: gql`
      subscription PendingApprovalsChanged($after: Position) {
        approvals(after: $after) { type }
      }
    `,
    tone: "warn",
    noun: "waiting",
  },
  "/dead-letters": {
    query: gql`
      query PendingDeadLetters {
        page: deadLetters(filter: { statuses: [PENDING] }, first: 1) { totalCount }
      }
    `,
    updates: gql`
      subscription PendingDeadLettersChanged($after: Position) {
        deadLetters(after: $after) { type }
      }
    `,
    tone: "bad",
    noun: "waiting",
  },
};

function Count({ query, updates, tone, noun }) {
  const { data } = useQuery(query, {}, { document: updates, apply: () => RELOAD });
  const waiting = data?.page.totalCount ?? 0;
  return waiting > 0
    ? html`<span class="badge" data-tone=${tone}>${short(waiting)}<span class="visually-hidden"> ${noun}</span></span>`
    : null;
}

/** The number for the page at `path`; nothing where none waits, or where pages have no such number. */
export function NavigationCount({ path }) {
  return path in WAITING ? html`<${Count} ...${WAITING[path]} />` : null;
}
