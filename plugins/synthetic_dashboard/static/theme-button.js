// Light, dark, or as the system has it. theme.js sets what was chosen before the page is drawn.

import { html, signal } from "./view.js";
import { Icon } from "./parts/icon.js";

const STORED = "synthetic-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };
const ICONS = { system: "screen", light: "sun", dark: "moon" };

const theme = signal(document.documentElement.dataset.theme ?? "system");

function choose(name) {
  theme.value = name;
  if (name === "system") {
    localStorage.removeItem(STORED);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(STORED, name);
    document.documentElement.dataset.theme = name;
  }
  dispatchEvent(new Event("themechange"));
}

/** Goes from one theme to the next. Charts redraw on the window's event `themechange`. */
export function ThemeButton() {
  const name = theme.value;
  return html`<button
    type="button"
    class="button quiet only-icon"
    aria-label=${`Theme: ${name}. Change to ${NEXT[name]}.`}
    title=${`Theme: ${name}`}
    onClick=${() => choose(NEXT[name])}
  >
    <${Icon} name=${ICONS[name]} />
  </button>`;
}
