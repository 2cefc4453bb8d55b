// Where the page is: a path and a query in the URL's fragment, `#/jobs/17?status=FAILED`.
//
// All that a page lets one choose (filters, tabs, places in a list) stands there,
// so that a link shows another person the same, and Back goes back.

import { signal } from "./view.js";

/** The current place: `{path, segments, query}`; the query is a URLSearchParams, never to be changed in place. */
export const route = signal(read());

addEventListener("hashchange", () => {
  route.value = read();
});

function read() {
  const fragment = location.hash.startsWith("#/") ? location.hash.slice(1) : "/";
  const [path, query = ""] = split(fragment);
  const segments = path.split("/").filter(Boolean).map(decoded);
  return { path, segments, query: new URLSearchParams(query) };
}

function split(fragment) {
  const place = fragment.indexOf("?");
  return place < 0 ? [fragment] : [fragment.slice(0, place), fragment.slice(place + 1)];
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A lone percent sign that somebody typed stands for itself.
    return segment;
  }
}

function queryText(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") {
        query.append(name, one);
      }
    }
  }
  return query.toString();
}

/** The address of a place. `segments` is a path, or a list of its parts, which are escaped: ["jobs", id]. */
export function href(segments, query = {}) {
  const path = Array.isArray(segments) ? `/${segments.map(encodeURIComponent).join("/")}` : segments;
  const text = queryText(query);
  return `#${path}${text ? `?${text}` : ""}`;
}

/** Go to a place. */
export function go(segments, query = {}) {
  location.hash = href(segments, query);
}

/** Change some of the query's values; null or an empty list takes one away. It replaces this step of the history. */
export function setQuery(changes) {
  const { path, query } = route.value;
  const values = {};
  for (const name of new Set(query.keys())) {
    values[name] = query.getAll(name);
  }
  history.replaceState(null, "", href(path, { ...values, ...changes }));
  route.value = read();
}

/** Compare a path with a pattern such as `/jobs/:id`; returns the parameters, or null where it is another. */
export function matchPath(pattern, segments) {
  const wanted = pattern.split("/").filter(Boolean);
  if (wanted.length !== segments.length) {
    return null;
  }
  const params = {};
  for (const [place, part] of wanted.entries()) {
    if (part.startsWith(":")) {
      params[part.slice(1)] = segments[place];
    } else if (part !== segments[place]) {
      return null;
    }
  }
  return params;
}
