// The keyboard: "/" searches, "g" and a letter goes to a page, "j" and "k" walk through rows, "?" tells all that.

import { html, signal, useEffect } from "./view.js";
import { Dialog } from "./parts/dialog.js";
import { pages } from "./pages.js";
import { go } from "./router.js";

const SECOND_KEY_MS = 1200;

/** Whether the list of shortcuts is shown. */
export const shortcutsShown = signal(false);

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog") !== null;
}

// The links of the first table or list whose rows are marked by `data-key`.
function walk(step) {
  const rows = [...document.querySelectorAll("main [data-key]")];
  const current = rows.findIndex((row) => row.contains(document.activeElement));
  const place = current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step;
  const target = rows[place]?.querySelector("a, button");
  target?.focus();
  rows[place]?.scrollIntoView({ block: "nearest" });
}

/** Listens to the keyboard as long as it is drawn, and shows the list of shortcuts. */
export function Keys() {
  useEffect(() => {
    let wentAt = 0;
    const press = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) {
        return;
      }
      const { key } = event;
      const target = Date.now() - wentAt < SECOND_KEY_MS ? pages().find((page) => page.key === key) : undefined;
      wentAt = 0;
      if (target !== undefined) {
        go(target.path);
      } else if (key === "g") {
        wentAt = Date.now();
      } else if (key === "/") {
        document.getElementById("search").focus();
      } else if (key === "?") {
        shortcutsShown.value = true;
      } else if (key === "j" || key === "k") {
        walk(key === "j" ? 1 : -1);
      } else {
        return;
      }
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return shortcutsShown.value ? html`<${Shortcuts} />` : null;
}

function Shortcuts() {
  const close = () => {
    shortcutsShown.value = false;
  };
  return html`<${Dialog} label="Keyboard shortcuts" close=${close}>
    <div>
      <h2>Keyboard shortcuts</h2>
      <dl class="shortcuts">
        <dt><kbd>/</kbd></dt>
        <dd>Search</dd>
        <dt><kbd>j</kbd> <kbd>k</kbd></dt>
        <dd>Next and previous row</dd>
        ${pages()
          .filter((page) => page.key)
          .map((page) => html`<dt><kbd>g</kbd> <kbd>${page.key}</kbd></dt><dd>${page.title}</dd>`)}
        <dt><kbd>?</kbd></dt>
        <dd>This list</dd>
      </dl>
      <footer><button type="button" class="button primary" onClick=${close}>Close</button></footer>
    </div>
  <//>`;
}
