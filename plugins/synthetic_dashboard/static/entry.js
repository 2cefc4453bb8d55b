// The question for a token, and what is said when the server cannot be reached at the start.

import { html, signal } from "./view.js";
import { tokenWanted } from "./graphql.js";
import { setToken } from "./token.js";
import { Problem } from "./parts/problem.js";

/** Why the dashboard could not begin, where that is not the token: an error of the contract, or null. */
export const problem = signal(null);

/** The page before the dashboard; `enter` tries again. */
export function Entry({ enter }) {
  const send = (event) => {
    event.preventDefault();
    const field = event.currentTarget.elements.token;
    setToken(field.value);
    field.value = "";
    enter();
  };
  if (problem.value !== null) {
    return html`<main class="entry"><${Problem} error=${problem.value} retry=${enter} /></main>`;
  }
  return html`<main class="entry">
    <form onSubmit=${send}>
      <h1>Synthetic</h1>
      <p class="soft" role="status">${tokenWanted.value}</p>
      <label class="field">
        <span>Token</span>
        <input class="input mono" type="password" name="token" required autocomplete="off" autofocus />
      </label>
      <button type="submit" class="button primary">Open the dashboard</button>
      <p class="soft small">
        ${"The link that "}<code>synthetic serve</code>${" prints carries one; "}<code>synthetic token create</code>
        ${" makes one. This tab keeps it until it is closed; tabs that are opened meanwhile borrow it."}
      </p>
    </form>
  </main>`;
}
