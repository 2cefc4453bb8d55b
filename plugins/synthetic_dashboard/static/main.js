// Where the dashboard begins: the token, who it is, and the shell or the question for a token.

import { html, render, useEffect } from "./view.js";
import { closeConnection, openConnection, tokenWanted, viewer } from "./graphql.js";
import { loadStart } from "./extensions.js";
import { Entry, problem } from "./entry.js";
import { prefetchPage } from "./pages.js";
import { route } from "./router.js";
import { Shell } from "./shell.js";
import { forgetToken, shareToken, takeTokenFromAddress, token } from "./token.js";

/** Find out whether this tab's token is let in, and open what it may see. A server without tokens lets all in. */
async function enter() {
  problem.value = null;
  try {
    viewer.value = await loadStart();
    tokenWanted.value = null;
    openConnection();
  } catch (error) {
    viewer.value = null;
    if (error.code !== "UNAUTHENTICATED") {
      problem.value = error;
    }
  }
}

function leave() {
  forgetToken();
  closeConnection();
  viewer.value = null;
  tokenWanted.value = "The token has been taken out of this tab.";
}

function App() {
  useEffect(() => {
    const taken = () => takeTokenFromAddress() && enter();
    addEventListener("hashchange", taken);
    return () => removeEventListener("hashchange", taken);
  }, []);
  if (tokenWanted.value !== null || problem.value !== null) {
    return html`<${Entry} enter=${enter} />`;
  }
  return viewer.value === null ? null : html`<${Shell} leave=${leave} />`;
}

async function begin() {
  takeTokenFromAddress();
  prefetchPage(route.value.segments);
  await shareToken();
  await enter();
  render(html`<${App} />`, document.getElementById("app"));
}

begin();
