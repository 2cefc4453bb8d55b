// Instants and durations. Relative times count on by themselves, one timer for all of them.

import { html, signal } from "../view.js";

const TICK_MS = 1000;
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const OTHER_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "always", style: "short" });
const WEEK_MS = 7 * 86_400_000;

/** The time by this machine's clock, in Unix milliseconds; changes every second while the page is seen. */
export const now = signal(Date.now());

setInterval(() => {
  if (!document.hidden) {
    now.value = Date.now();
  }
}, TICK_MS);

/** A duration in ms as text with at most two units: "1 h 05 min". */
export function duration(ms) {
  if (ms === null || ms === undefined) {
    return "–";
  }
  if (ms < 1000) {
    return `${Math.round(ms)} ms`;
  }
  const seconds = Math.floor(ms / 1000);
  const two = (value) => String(value).padStart(2, "0");
  if (seconds < 60) {
    return `${seconds} s`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  }
  if (seconds < 86_400) {
    return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`;
  }
  return `${Math.floor(seconds / 86_400)} d ${two(Math.floor(seconds / 3600) % 24)} h`;
}

/** An instant as text in full. */
export function instant(at) {
  return FULL.format(new Date(at));
}

/** The time of day of an instant. */
export function clock(at) {
  return CLOCK.format(new Date(at));
}

function relative(at) {
  const ms = at - now.value;
  const size = Math.abs(ms);
  if (size < 1000) {
    return "now";
  }
  if (size < 60_000) {
    return RELATIVE.format(Math.trunc(ms / 1000), "second");
  }
  if (size < 3_600_000) {
    return RELATIVE.format(Math.trunc(ms / 60_000), "minute");
  }
  if (size < 86_400_000) {
    return RELATIVE.format(Math.trunc(ms / 3_600_000), "hour");
  }
  if (size < WEEK_MS) {
    return RELATIVE.format(Math.trunc(ms / 86_400_000), "day");
  }
  const date = new Date(at);
  return (date.getFullYear() === new Date(now.value).getFullYear() ? DAY : OTHER_YEAR).format(date);
}

/** An instant (ISO 8601, or Unix ms): relative to now while it is near, in full as a tooltip. `none` stands for null. */
export function Time({ at, none = "–" }) {
  if (at === null || at === undefined) {
    return html`<span class="soft">${none}</span>`;
  }
  const ms = new Date(at).getTime();
  return html`<time class="nowrap" datetime=${new Date(ms).toISOString()} title=${instant(ms)}>${relative(ms)}</time>`;
}

/** How long something took, or has taken so far when `until` is null. */
export function Duration({ from, until = null }) {
  if (!from) {
    return html`<span class="soft">–</span>`;
  }
  const end = until === null ? now.value : new Date(until).getTime();
  return html`<span class="nowrap">${duration(Math.max(0, end - new Date(from).getTime()))}</span>`;
}
