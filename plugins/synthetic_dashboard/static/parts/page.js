// The frame of a page's content: its title, its panels, its facts.

import { html, useEffect } from "../view.js";
import { href } from "../router.js";
import { Plain } from "./text.js";

/**
 * A page. `title` is text; `crumbs` a list of [text, path]; `badge` what stands beside the title;
 * `lead` a line below it; `actions` buttons on the right.
 */
export function Page({ title, crumbs = [], badge, lead, actions, children }) {
  useEffect(() => {
    document.title = `${title} · Synthetic`;
  }, [title]);
  return html`<div class="page">
    <header class="page-head">
      <div>
        ${crumbs.length > 0 &&
        html`<nav class="crumbs" aria-label="Where this is">
          ${crumbs.map(([text, path], place) => html`${place > 0 && html`<span aria-hidden="true"> / </span>`}<a href=${href(path)}>${text}</a>`)}
        </nav>`}
        <div class="page-title"><h1><${Plain} text=${title} /></h1>${badge}</div>
        ${lead && html`<p class="lead">${lead}</p>`}
      </div>
      <div class="page-actions">${actions}</div>
    </header>
    ${children}
  </div>`;
}

/** A box with a heading. `flush` takes away the padding, for tables; `aside` stands beside the heading. */
export function Panel({ title, aside, actions, flush = false, children, ...others }) {
  return html`<section class="panel" aria-label=${typeof title === "string" ? title : undefined} ...${others}>
    ${(title || actions) &&
    html`<header>
      <h2>${title}</h2>
      ${aside && html`<span class="soft small">${aside}</span>`}
      ${actions && html`<div class="panel-actions">${actions}</div>`}
    </header>`}
    <div class=${flush ? "panel-body flush" : "panel-body"}>${children}</div>
  </section>`;
}

/** Names and values: `items` is a list of [name, value]; what has no value (null, undefined, false, "") is left out. */
export function Facts({ items }) {
  const known = items.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return html`<dl class="facts">${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** Tabs that are links: `items` is a list of {id, title, href}, `current` the id of the one that is shown. */
export function Tabs({ items, current, label }) {
  return html`<nav class="tabs" aria-label=${label}>
    ${items.map((item) => html`<a href=${item.href} aria-current=${item.id === current ? "page" : undefined}>${item.title}</a>`)}
  </nav>`;
}
