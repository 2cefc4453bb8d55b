// Questions that are asked before something is done.

import { html, signal, useEffect, useRef } from "../view.js";

const asked = signal(null);

/**
 * Ask a question; resolves to true when it is confirmed.
 *
 * `title` and `text` are text, `body` more to show, `action` the word on the button, `danger` whether it destroys.
 */
export function confirm({ title, text, body, action = "Confirm", danger = false }) {
  asked.value?.resolve(false);
  return new Promise((resolve) => {
    asked.value = { title, text, body, action, danger, resolve };
  });
}

/** A dialog of the browser's own kind, open as long as it is drawn; `close` is called for Escape and the like. */
export function Dialog({ label, close, wide = false, children }) {
  const element = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    // A dialog that is taken away gives the focus back to nothing, where it has not gone elsewhere meanwhile.
    return () => document.activeElement === document.body && before.focus({ preventScroll: true });
  }, []);
  const closeOutside = (event) => event.target === element.current && close();
  return html`<dialog
    ref=${element}
    class=${wide ? "dialog wide" : "dialog"}
    aria-label=${label}
    onCancel=${(event) => {
      event.preventDefault();
      close();
    }}
    onClick=${closeOutside}
  >
    ${children}
  </dialog>`;
}

/** The place where questions of `confirm` appear; it stands once in the shell. */
export function Questions() {
  const question = asked.value;
  if (question === null) {
    return null;
  }
  const answer = (value) => {
    asked.value = null;
    question.resolve(value);
  };
  return html`<${Dialog} label=${question.title} close=${() => answer(false)}>
    <form
      onSubmit=${(event) => {
        event.preventDefault();
        answer(true);
      }}
    >
      <h2>${question.title}</h2>
      ${question.text && html`<p class="soft">${question.text}</p>`} ${question.body}
      <footer>
        <button type="button" class="button" onClick=${() => answer(false)}>Keep as it is</button>
        <button type="submit" class=${question.danger ? "button danger" : "button primary"} autofocus>${question.action}</button>
      </footer>
    </form>
  <//>`;
}
