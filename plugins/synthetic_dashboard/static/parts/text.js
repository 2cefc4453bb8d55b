// Text that somebody else wrote, shown as what it is.

import { html } from "../view.js";

// Characters that would draw what stands beside them in another order or not at all:
// controls but for tab and line feed, direction marks and overrides, zero-width ones, line separators.
const HIDDEN = /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff])/;
const RETURNS = /\r\n?/g;

/** The text, with each hidden character as a small mark with its code point; the rest of the page keeps its direction. */
export function Plain({ text }) {
  const parts = text.replace(RETURNS, "\n").split(HIDDEN);
  return html`<bdi
    >${parts.map((part, place) => (place % 2 ? html`<span class="hidden-character">${codePoint(part)}</span>` : part))}</bdi
  >`;
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** The beginning of a text as one line of at most `length` characters. */
export function firstLine(text, length = 160) {
  const line = text.trimStart().split("\n", 1)[0];
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
