// Characters that would draw what stands beside them in another order, or nothing at all, and what is drawn for them.

// Controls but for tab and line feed, direction marks and overrides, zero-width space, line separators. Joiners stay:
// scripts and emoji are written with them.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const EACH = new RegExp(HIDDEN, "g");
const APART = new RegExp(`(${HIDDEN.source})`);

/** The code point of a character: U+202E. */
export function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A text with the code point of each hidden character in its place; anything but a text as it is. */
export function withoutHidden(value) {
  return typeof value === "string" && HIDDEN.test(value) ? value.replace(EACH, (one) => `[${codePoint(one)}]`) : value;
}

/** A text cut at its hidden characters: texts, and between them the characters. */
export function cutAtHidden(text) {
  return text.split(APART);
}
