// Icons, drawn in strokes on a grid of 16. An icon is never alone: a text beside it, or `label`, says what it means.

import { html } from "../view.js";

const SHAPES = {
  overview: "M2.5 8.5h3l2-5 2.5 9 1.5-4h2",
  jobs: "M3 4.5h10M3 8h6.5M3 11.5h8.5",
  constructs: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.7 5 8 8.2 13.3 5M8 8.2v5.8",
  transcripts: "M2.5 3h11v7.5h-6L4.5 13v-2.5h-2zM5 5.7h6M5 8h4",
  approvals: "M8 1.8 13 3.6v4c0 3.2-2 5.4-5 6.6-3-1.2-5-3.4-5-6.6v-4zM5.6 7.8l1.8 1.8 3-3.3",
  "dead-letters": "M2 4h12v8.5H2zM2 4.5l6 4.5 6-4.5",
  costs: "M2.5 13.5h11M4.5 11V8M8 11V3.5M11.5 11V6",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.4 3.4",
  storage: "M2.5 4c0-1.1 2.5-2 5.5-2s5.5.9 5.5 2-2.5 2-5.5 2-5.5-.9-5.5-2zM2.5 4v8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2V4M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2",
  plugins: "M6 2v3M10 2v3M4 5h8v3.2A3.8 3.8 0 0 1 8 12a3.8 3.8 0 0 1-4-3.8zM8 12v2.5",
  artifact: "M4 1.8h5l3.2 3.2v9.2H4zM9 1.8V5h3.2",
  page: "M3 2.5h10v11H3zM3 5.5h10",
  good: "M3.2 8.4l3.2 3.2 6.4-7",
  bad: "M4 4l8 8M12 4l-8 8",
  warn: "M8 2.2 14.5 13.5h-13zM8 6.3v3.4M8 11.6v.1",
  busy: "M8 2a6 6 0 1 0 6 6",
  waiting: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.8V8l2.2 1.6",
  paused: "M5.5 3.5v9M10.5 3.5v9",
  none: "M3.5 8h9",
  dot: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6z",
  stopped: "M4 4h8v8H4z",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13.2 2v3h-3",
  play: "M5 3l7.5 5L5 13z",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13 9.8A5.6 5.6 0 0 1 6.2 3 5.6 5.6 0 1 0 13 9.8z",
  screen: "M2 3h12v8.2H2zM6 14h4M8 11.2V14",
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  key: "M10.5 2.5a3 3 0 1 1-2.7 4.3L3 11.6V13.5h2v-1.6h1.6v-1.6l1.7-1.6",
  next: "M6 3.5 10.5 8 6 12.5",
  previous: "M10 3.5 5.5 8l4.5 4.5",
  down: "M3.5 6 8 10.5 12.5 6",
  up: "M3.5 10 8 5.5l4.5 4.5",
  link: "M6.5 9.5l3-3M7 4.5l1.2-1.2a2.7 2.7 0 0 1 3.9 3.9L10.8 8.5M9 11.5l-1.2 1.2a2.7 2.7 0 0 1-3.9-3.9L5.2 7.5",
  copy: "M5.5 5.5h8v8h-8zM5.5 10.5h-3v-8h8v3",
  tool: "M9.8 2.6a3.6 3.6 0 0 0-3.6 4.9L2.4 11.3l2.3 2.3 3.8-3.8a3.6 3.6 0 0 0 4.7-4.4l-2.1 2.1-2-.5-.5-2z",
  thinking: "M5.5 11.5h5M6.3 14h3.4M8 2a4.2 4.2 0 0 0-2.5 7.6v1.9h5V9.6A4.2 4.2 0 0 0 8 2z",
  person: "M8 2.2a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8zM2.8 14c.5-2.8 2.5-4.2 5.2-4.2s4.7 1.4 5.2 4.2",
  agent: "M3 5.5h10v8H3zM8 2.3v3.2M5.8 9v1M10.2 9v1M1.5 8.5v2M14.5 8.5v2",
  question: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM6.3 6.3A1.7 1.7 0 1 1 8 8.2v1M8 11.3v.1",
};

/** Draws the icon called `name`; `label` is read out where no text stands beside it. */
export function Icon({ name, label }) {
  return html`<svg
    class="icon"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    stroke-linecap="round"
    stroke-linejoin="round"
    role=${label ? "img" : undefined}
    aria-label=${label}
    aria-hidden=${label ? undefined : "true"}
  >
    <path d=${SHAPES[name] ?? SHAPES.page} />
  </svg>`;
}
