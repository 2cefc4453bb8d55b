// Links to the things that the store knows, wherever their type and id are named.

import { html, signal } from "../view.js";
import { href } from "../router.js";
import { Plain } from "./text.js";

/** Where an entity of a type is shown; plugins add theirs. `{id}` stands for the id. */
const paths = signal({
  construct: "/constructs/{id}",
  job: "/jobs/{id}",
  session: "/sessions/{id}",
  transcript: "/transcripts/{id}",
  approval: "/approvals/{id}",
  dead_letter: "/dead-letters/{id}",
  module: "/",
});

/** Add where entities of further types are shown: a list of `{entityType, path}`. What is known already stays. */
export function addEntityLinks(links) {
  const added = Object.fromEntries(links.map(({ entityType, path }) => [entityType, path]));
  paths.value = { ...added, ...paths.value };
}

/** The address of an entity, or null where none is known for its type. */
export function entityHref(type, id) {
  const path = Object.hasOwn(paths.value, type) ? paths.value[type] : null;
  return path && id ? href(path.replace("{id}", encodeURIComponent(id))) : null;
}

/** A link to an entity, or its id alone; `title` is shown in the place of the id. */
export function EntityLink({ type, id, title }) {
  if (!id) {
    return html`<span class="soft">–</span>`;
  }
  const shown = typeof title === "string" ? html`<${Plain} text=${title} />` : (title ?? html`<code>${id}</code>`);
  const address = entityHref(type, id);
  return address === null ? html`<span title=${id}>${shown}</span>` : html`<a href=${address} title=${id}>${shown}</a>`;
}
