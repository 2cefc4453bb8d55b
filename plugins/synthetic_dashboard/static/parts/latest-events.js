// The newest events of the log, as they come.

import { html, useState } from "../view.js";
import { gql } from "../graphql.js";
import { useQuery } from "../live.js";
import { Empty } from "./empty.js";
import { EntityLink } from "./entity.js";
import { Loaded } from "./loaded.js";
import { Panel } from "./page.js";
import { Time } from "./time.js";

const SHOWN = 14;

const EVENTS = gql`
  query LatestEvents($first: Int!) {
    events(orderBy: POSITION_DESC, first: $first) {
      nodes { id position type entityType entityId actor occurredAtUtc }
    }
  }
`;

const EVENTS_ADDED = gql`
  subscription LatestEventsAdded($after: Position) {
    events(after: $after) { id position type entityType entityId actor occurredAtUtc }
  }
`;

function added(data, update) {
  return { events: { nodes: [update.events, ...data.events.nodes].slice(0, SHOWN) } };
}

/** A panel with them; it stands still under the pointer and the focus, so that one can be chosen. */
export function LatestEvents() {
  const [held, setHeld] = useState(null);
  const query = useQuery(EVENTS, { first: SHOWN }, { document: EVENTS_ADDED, apply: added });
  return html`<${Panel} title="Latest events" flush>
    <${Loaded} query=${query} rows=${SHOWN}>
      ${({ events }) =>
        events.nodes.length === 0
          ? html`<${Empty} title="Nothing has happened yet" icon="overview" command="synthetic demo">
              Whatever is written to the store shows here at once. A made-up fleet in a store of its own is one command away:
            <//>`
          : html`<ol
              class="events"
              onMouseEnter=${() => setHeld(events.nodes)}
              onMouseLeave=${() => setHeld(null)}
              onFocusIn=${() => setHeld(events.nodes)}
              onFocusOut=${() => setHeld(null)}
            >
              ${(held ?? events.nodes).map(
                (event) =>
                  html`<li key=${event.id} data-key=${event.id}>
                    <span class="events-line"><span class="events-type">${event.type}</span><${Time} at=${event.occurredAtUtc} /></span>
                    <span class="events-line">
                      <span class="events-of"><${EntityLink} type=${event.entityType} id=${event.entityId} /></span>
                      <span class="soft">${event.actor}</span>
                    </span>
                  </li>`,
              )}
            </ol>`}
    <//>
  <//>`;
}
