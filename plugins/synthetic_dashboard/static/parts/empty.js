// What stands where nothing is: why, and what to run so that something is.

import { html } from "../view.js";
import { Icon } from "./icon.js";

/** `title` says what is missing, `command` what fills it, the children what else there is to say. */
export function Empty({ title, icon = "none", command, children }) {
  return html`<div class="empty">
    <${Icon} name=${icon} />
    <h3>${title}</h3>
    ${children && html`<p>${children}</p>`}
    ${command && html`<pre class="command">${command}</pre>`}
  </div>`;
}
