// Search over everything that the store keeps as text: words or meaning, facets to narrow it, snippets that show why.

import { html } from "../view.js";
import { gql } from "../graphql.js";
import { useQuery } from "../live.js";
import { href, route, setQuery } from "../router.js";
import { Empty } from "../parts/empty.js";
import { EntityLink, entityHref } from "../parts/entity.js";
import { Choice, ClearFilters, Filters } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { count, plural } from "../parts/number.js";
import { Page, Panel } from "../parts/page.js";
import { FROM_THE_START, Pager, pageVariables } from "../parts/pager.js";
import { Status, words } from "../parts/status.js";
import { Plain } from "../parts/text.js";
import { Time } from "../parts/time.js";

const SEARCH = gql`
  query Search(
    $query: String!, $mode: SearchMode, $filter: SearchFilter, $groupBy: SearchGrouping
    $first: Int, $after: String, $last: Int, $before: String
  ) {
    search(query: $query, mode: $mode, filter: $filter, groupBy: $groupBy, first: $first, after: $after, last: $last, before: $before) {
      totalCount isExact mode didYouMean
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      facets { name isExact values { value count } }
      nodes {
        kind id nodeId title status facets occurredAt groupSize constructId sessionId
        construct { id title }
        snippet { text highlights { start end } }
      }
    }
  }
`;

const MODES = [
  { value: "HYBRID", title: "Both" },
  { value: "LEXICAL", title: "Words" },
  { value: "SEMANTIC", title: "Meaning" },
];
const GROUPINGS = [
  { value: "CONSTRUCT", title: "One per construct" },
  { value: "SESSION", title: "One per session" },
];
const PAGE = 20;
const VALUES_SHOWN = 8;
/** What the filter has keys of its own for; other facets go by their names. */
const OWN = { kind: "kinds", construct: "constructIds", session: "sessionIds", status: "statuses" };
const FACET = "facet.";
// Above the hits there is no room for the facets: they are folded.
const isWide = matchMedia("(min-width: 901px)");
/** Facets whose values are ids: those are shown that can be named. */
const IDS = new Set(["construct", "session"]);

/** The parts of a snippet: [text, whether it is marked]. Its ranges count code points. */
export function partsOf({ text, highlights }) {
  const characters = Array.from(text);
  const parts = [];
  let place = 0;
  for (const { start, end } of highlights) {
    parts.push([characters.slice(place, start).join(""), false], [characters.slice(start, end).join(""), true]);
    place = end;
  }
  return [...parts, [characters.slice(place).join(""), false]].filter(([part]) => part);
}

function Snippet({ snippet }) {
  return html`<p class="snippet">
    ${partsOf(snippet).map(([text, isMarked]) => (isMarked ? html`<mark><${Plain} text=${text} /></mark>` : html`<${Plain} text=${text} />`))}
  </p>`;
}

function filterOf(query) {
  const filter = {};
  const facets = [];
  for (const name of new Set(query.keys())) {
    if (name.startsWith(FACET)) {
      const facet = name.slice(FACET.length);
      const values = query.getAll(name);
      if (facet in OWN) {
        filter[OWN[facet]] = values;
      } else {
        facets.push({ name: facet, values });
      }
    }
  }
  return { ...filter, facets: facets.length > 0 ? facets : null };
}

/** Where a hit leads: a message to its place in its transcript, all else to its own page. */
function addressOf(hit) {
  if (hit.kind === "MESSAGE") {
    const colon = hit.id.lastIndexOf(":");
    const [transcript, seq] = [hit.id.slice(0, colon), hit.id.slice(colon + 1)];
    return href(["transcripts", transcript], { m: seq });
  }
  return entityHref(hit.kind.toLowerCase(), hit.id) ?? (hit.constructId && entityHref("construct", hit.constructId));
}

function Hit({ hit }) {
  const address = addressOf(hit);
  const title = hit.title || (hit.facets.role ? `${words(hit.facets.role)}: ${words(hit.facets.type)}` : hit.id);
  return html`<li class="hit">
    <div class="row">
      <span class="badge">${words(hit.kind)}</span>
      <h3>${address ? html`<a href=${address}><${Plain} text=${title} /></a>` : html`<${Plain} text=${title} />`}</h3>
      ${hit.status && html`<${Status} value=${hit.status} />`}
    </div>
    <${Snippet} snippet=${hit.snippet} />
    <p class="soft small row">
      <${Time} at=${hit.occurredAt} />
      ${hit.constructId && html`<${EntityLink} type="construct" id=${hit.constructId} title=${hit.construct?.title} />`}
      ${hit.groupSize > 1 && html`<span>and ${plural(hit.groupSize - 1, "more hit")} there</span>`}
    </p>
  </li>`;
}

/** What a value of a facet is called: enums in words, constructs by their titles as far as the hits tell them. */
function titleOf(facet, value, titles) {
  return facet.name === "kind" || facet.name === "status" ? words(value) : (titles.get(value) ?? value);
}

function Facet({ facet, titles }) {
  const name = FACET + facet.name;
  const chosen = route.value.query.getAll(name);
  const toggle = (value) => {
    const values = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
    setQuery({ ...FROM_THE_START, [name]: values });
  };
  const known = IDS.has(facet.name) ? facet.values.filter(({ value }) => titles.has(value)) : facet.values;
  const shown = known.slice(0, VALUES_SHOWN);
  const others = chosen.filter((value) => !shown.some((one) => one.value === value)).map((value) => ({ value, count: null }));
  if (shown.length + others.length === 0) {
    return null;
  }
  return html`<fieldset class="facet">
    <legend>${words(facet.name)}</legend>
    ${[...others, ...shown].map(
      ({ value, count: number }) =>
        html`<label>
          <input type="checkbox" checked=${chosen.includes(value)} onChange=${() => toggle(value)} />
          <span class="facet-value"><${Plain} text=${titleOf(facet, value, titles)} /></span>
          <span class="soft small">${number === null ? "" : count(number)}</span>
        </label>`,
    )}
  </fieldset>`;
}

function Results({ search, isOld }) {
  const found = search.totalCount;
  const titles = new Map(search.nodes.filter(({ construct }) => construct).map(({ construct }) => [construct.id, construct.title]));
  return html`<div class="search">
    <aside aria-label="Narrow the search">
      <details class="narrow" open=${isWide.matches}>
        <summary>Narrow the search</summary>
        <div class="facets">
          ${search.facets.map((facet) => html`<${Facet} key=${facet.name} facet=${facet} titles=${titles} />`)}
        </div>
      </details>
    </aside>
    <${Panel}
      title=${found === 0 ? "Nothing found" : `${search.isExact ? "" : "About "}${plural(found, "hit")}`}
      aside=${`by ${{ HYBRID: "words and meaning", LEXICAL: "words", SEMANTIC: "meaning" }[search.mode]}`}
      flush
    >
      ${search.didYouMean &&
      html`<p class="did-you-mean">
        Did you mean <a href=${href("/search", { q: search.didYouMean })}><${Plain} text=${search.didYouMean} /></a>?
      </p>`}
      ${found === 0
        ? html`<${Empty} title="No hits" icon="search">Try fewer or other words, or search by meaning.<//>`
        : html`<ol class="hits" aria-busy=${isOld}>${search.nodes.map((hit) => html`<${Hit} key=${hit.kind + hit.id} hit=${hit} />`)}</ol>
            <${Pager} pageInfo=${search.pageInfo} shown=${search.nodes.length} total=${found} noun="hit" />`}
    <//>
  </div>`;
}

function Found({ query, text }) {
  const variables = {
    query: text,
    mode: query.get("mode"),
    groupBy: query.get("per"),
    filter: filterOf(query),
    ...pageVariables(query, PAGE),
  };
  const result = useQuery(SEARCH, variables);
  return html`${result.notices.map(({ message }) => html`<p class="soft small">${message}</p>`)}
    <${Loaded} query=${result} rows=${10}>${(data) => html`<${Results} search=${data.search} isOld=${result.isOld} />`}<//>`;
}

/** The page. */
export default function Search({ query }) {
  const text = query.get("q") ?? "";
  const facets = [...new Set(query.keys())].filter((name) => name.startsWith(FACET));
  return html`<${Page} title=${text ? `Search: ${text}` : "Search"}>
    <${Filters}>
      <${Choice} name="mode" label="Search by" single options=${MODES} initial="HYBRID" />
      <${Choice} name="per" label="Group" single options=${GROUPINGS} />
      <${ClearFilters} names=${[...facets, "mode", "per"]} />
    <//>
    ${text
      ? html`<${Found} query=${query} text=${text} />`
      : html`<${Panel}>
          <${Empty} title="What are you looking for?" icon="search">
            Type into the box above (the key / leads there): words, "phrases", -exclusions, kind:job, before:2026-01-31.
            Transcripts, artifacts, constructs, jobs, approvals, dead letters and documents are searched together.
          <//>
        <//>`}
  <//>`;
}
