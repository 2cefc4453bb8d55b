// Short notices of what was done, in the corner; they leave by themselves, errors only when they are closed.

import { html, signal } from "../view.js";
import { Icon } from "./icon.js";

const SHOWN_MS = 6000;
const MOST = 4;

const toasts = signal([]);
let last = 0;

/** Say something: `tone` is good, busy, warn or bad. */
export function toast(text, tone = "good") {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value, { id, text, tone }].slice(-MOST);
  if (tone !== "bad") {
    setTimeout(() => close(id), SHOWN_MS);
  }
}

/** Say what went wrong. */
export function toastError(error) {
  toast(`${error.message} ${error.action ?? ""}`.trim(), "bad");
}

function close(id) {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

/** The place where notices appear; it stands once in the shell. */
export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      ({ id, text, tone }) =>
        html`<div class="toast" data-tone=${tone} key=${id}>
          <${Icon} name=${tone} />
          <p>${text}</p>
          <button type="button" class="button quiet small" onClick=${() => close(id)} aria-label="Close this notice">
            <${Icon} name="bad" />
          </button>
        </div>`,
    )}
  </div>`;
}
