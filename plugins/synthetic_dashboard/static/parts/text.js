// Text that somebody else wrote, shown as what it is.

import { html } from "../view.js";
import { codePoint, cutAtHidden } from "../hidden-characters.js";

const RETURNS = /\r\n?/g;

/** The text, with each hidden character as a small mark with its code point; the rest of the page keeps its direction. */
export function Plain({ text }) {
  const parts = cutAtHidden(text.replace(RETURNS, "\n"));
  return html`<bdi
    >${parts.map((part, place) => (place % 2 ? html`<span class="hidden-character">${codePoint(part)}</span>` : part))}</bdi
  >`;
}

/** The beginning of a text as one line of at most `length` characters. */
export function firstLine(text, length = 160) {
  const line = text.trimStart().split("\n", 1)[0];
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
