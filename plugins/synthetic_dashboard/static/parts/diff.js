// What differs between two texts, line by line.

import { html, useMemo } from "../view.js";

// Beyond this the comparison is not computed: all old lines, then all new ones.
const MOST_CELLS = 4_000_000;
const AROUND = 3;

/** The edit from one list of lines to another, as a list of [" " | "-" | "+", line]. */
export function editsOf(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) {
    start += 1;
  }
  let [endBefore, endAfter] = [before.length, after.length];
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore -= 1;
    endAfter -= 1;
  }
  return [
    ...before.slice(0, start).map((line) => [" ", line]),
    ...changed(before.slice(start, endBefore), after.slice(start, endAfter)),
    ...before.slice(endBefore).map((line) => [" ", line]),
  ];
}

// The longest common subsequence, from the end backwards.
function changed(before, after) {
  const width = after.length + 1;
  if (before.length * width > MOST_CELLS) {
    return [...before.map((line) => ["-", line]), ...after.map((line) => ["+", line])];
  }
  const longest = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        before[i] === after[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const edits = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      edits.push([" ", before[i]]);
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      edits.push(["-", before[i]]);
      i += 1;
    } else {
      edits.push(["+", after[j]]);
      j += 1;
    }
  }
  return edits;
}

// Unchanged lines far from any change are left out.
function shortened(edits) {
  const near = new Uint8Array(edits.length);
  edits.forEach(([kind], place) => {
    if (kind !== " ") {
      near.fill(1, Math.max(0, place - AROUND), place + AROUND + 1);
    }
  });
  const shown = [];
  let left = 0;
  edits.forEach((edit, place) => {
    if (near[place]) {
      if (left > 0) {
        shown.push(["…", `${left} lines the same`]);
      }
      left = 0;
      shown.push(edit);
    } else {
      left += 1;
    }
  });
  return left > 0 ? [...shown, ["…", `${left} lines the same`]] : shown;
}

const KINDS = { "-": "removed", "+": "added", "…": "skipped" };

/** The difference of two texts. */
export function Diff({ before, after, scroll = true }) {
  const lines = useMemo(() => shortened(editsOf(before.split("\n"), after.split("\n"))), [before, after]);
  return html`<div class=${scroll ? "diff scroll" : "diff"} dir="ltr" tabindex=${scroll ? "0" : undefined}>
    ${lines.map(([kind, line]) => html`<div class=${KINDS[kind]}><span>${kind}</span><span>${line || " "}</span></div>`)}
  </div>`;
}
