// Filters, kept in the URL.

import { html, useEffect, useRef, useState } from "../view.js";
import { route, setQuery } from "../router.js";
import { FROM_THE_START } from "./pager.js";
import { Icon } from "./icon.js";

const TYPING_PAUSE_MS = 250;

/** The row in which a page's filters stand. */
export function Filters({ children }) {
  return html`<div class="filters" role="search" aria-label="Filters">${children}</div>`;
}

/**
 * Values to choose from, several at once unless `single`. `name` is that of the URL's query;
 * `options` a list of {value, title, count}; `initial` the value that holds while the URL names none.
 */
export function Choice({ name, label, options, single = false, initial }) {
  const initials = initial === undefined ? [] : [initial].flat();
  const stored = route.value.query.getAll(name);
  const chosen = stored.length === 0 ? initials : stored;
  const toggle = (value) => {
    const isOn = chosen.includes(value);
    const others = single ? [] : chosen.filter((one) => one !== value);
    const isNone = isOn || (single && initials.includes(value));
    setQuery({ ...FROM_THE_START, [name]: isNone ? others : [...others, value] });
  };
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(
      ({ value, title, count }) =>
        html`<button type="button" aria-pressed=${chosen.includes(value)} onClick=${() => toggle(value)}>
          ${title}${count !== undefined && html`<span class="badge">${count}</span>`}
        </button>`,
    )}
  </div>`;
}

/** A drop-down for one value of the URL's query `name`; `options` as those of `Choice`, `any` what no value is called. */
export function Select({ name, label, options, any = "Any" }) {
  const chosen = route.value.query.get(name) ?? "";
  return html`<label class="row"
    ><span class="soft small">${label}</span>
    <select class="select" onChange=${(event) => setQuery({ ...FROM_THE_START, [name]: event.currentTarget.value || null })}>
      <option value="" selected=${chosen === ""}>${any}</option>
      ${options.map(({ value, title }) => html`<option value=${value} selected=${value === chosen}>${title}</option>`)}
    </select>
  </label>`;
}

/** A text for the URL's query `name`, taken over when the typing pauses; `long` gives it more room. */
export function TextField({ name, label, placeholder = label, long = false }) {
  const stored = route.value.query.get(name) ?? "";
  const [text, setText] = useState(stored);
  const timer = useRef(null);
  useEffect(() => {
    setText(stored);
  }, [stored]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (event) => {
    const value = event.currentTarget.value;
    setText(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ ...FROM_THE_START, [name]: value.trim() || null }), TYPING_PAUSE_MS);
  };
  return html`<input
    class="input"
    type="search"
    data-long=${long || undefined}
    aria-label=${label}
    placeholder=${placeholder}
    value=${text}
    onInput=${change}
  />`;
}

/** A button that takes all filters of `names` away; it is seen only while one is set, and its room is kept. */
export function ClearFilters({ names }) {
  const isSet = names.some((name) => route.value.query.has(name));
  const none = Object.fromEntries(names.map((name) => [name, null]));
  const clear = () => setQuery({ ...FROM_THE_START, ...none });
  return html`<button type="button" class="button quiet clear-filters" disabled=${!isSet} onClick=${clear}>
    <${Icon} name="bad" />Clear filters
  </button>`;
}
