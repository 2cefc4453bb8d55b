// Tables of rows that lead somewhere.

import { html } from "../view.js";
import { Skeleton } from "./skeleton.js";

// More than these are too many side by side on a telephone: a row is a card there.
const FEW_COLUMNS = 3;

/** One row's checkbox; `of` says which row, for those who cannot see it. */
function Pick({ checked, mixed = false, of, onChange }) {
  return html`<input
    type="checkbox"
    aria-label=${of}
    checked=${checked}
    indeterminate=${mixed}
    onChange=${(event) => onChange(event.currentTarget.checked)}
  />`;
}

function follow(event, address) {
  const inside = event.target.closest("a, button, input, label, select, textarea, summary");
  if (inside === null && !getSelection().toString()) {
    if (event.ctrlKey || event.metaKey) {
      open(address, "_blank");
    } else {
      location.hash = address;
    }
  }
}

/**
 * A table.
 *
 * `columns`: a list of {title, cell(row), number, clip, share}; `number` is set right, `clip` ends long text with an
 * ellipsis and takes `share` of the width. `rows` is null while they are loaded. `rowKey(row)` is a row's key,
 * `rowHref(row)` where a click on it leads; a link in one of its cells leads there too, for the keyboard. `picked` is a
 * signal of a Set of keys when rows can be picked. `current` is the key of the row that is shown beside the table, if
 * one is. `empty` stands in the place of no rows; `busy` shows that newer ones are on their way.
 */
export function Table({ label, columns, rows, rowKey, rowHref, picked, current, empty, busy = false, expected = 8 }) {
  if (rows === null) {
    return html`<${Skeleton} rows=${expected} />`;
  }
  if (rows.length === 0 && empty) {
    return empty;
  }
  const keys = rows.map(rowKey);
  const chosen = picked?.value;
  const all = picked && keys.every((key) => chosen.has(key));
  const pick = (changed, checked) => {
    const next = new Set(chosen);
    changed.forEach((key) => (checked ? next.add(key) : next.delete(key)));
    picked.value = next;
  };
  return html`<div class="table-scroll">
    <table class=${columns.length > FEW_COLUMNS ? "table as-cards" : "table"} aria-label=${label} aria-busy=${busy}>
      <thead>
        <tr>
          ${picked &&
          html`<th class="pick">
            <${Pick}
              of="All rows of this page"
              checked=${all}
              mixed=${!all && keys.some((key) => chosen.has(key))}
              onChange=${(checked) => pick(keys, checked)}
            />
          </th>`}
          ${columns.map((column) => html`<th scope="col" class=${column.number ? "number" : undefined}>${column.title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row, place) => {
          const address = rowHref?.(row);
          return html`<tr
            key=${keys[place]}
            data-key=${keys[place]}
            class=${address && "leads"}
            aria-current=${keys[place] === current ? "true" : undefined}
            aria-selected=${picked ? chosen.has(keys[place]) : undefined}
            onClick=${address && ((event) => follow(event, address))}
          >
            ${picked &&
            html`<td class="pick">
              <${Pick}
                of=${`Row ${keys[place]}`}
                checked=${chosen.has(keys[place])}
                onChange=${(checked) => pick([keys[place]], checked)}
              />
            </td>`}
            ${columns.map(
              (column) =>
                html`<td
                  class=${[column.number && "number", column.clip && "clip"].filter(Boolean).join(" ") || undefined}
                  data-title=${column.title || undefined}
                  style=${column.share ? { "--share": column.share } : undefined}
                >
                  ${column.cell(row)}
                </td>`,
            )}
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
