// Puts GraphiQL on the page, and a token on its requests.
//
// The token comes from the URL's fragment (#token=..., which browsers never send
// to a server) or from the field on the page. It is kept for this tab alone, and
// taken out of the address bar before anything else happens.
"use strict";

(() => {
  const STORED = "synthetic-token";
  const ENDPOINT = location.pathname;
  const ANSWER_TYPES = "application/graphql-response+json, application/json;q=0.9";
  const FIRST_QUERY = `# Ctrl-Enter runs the query, Ctrl-Space completes.
# The book on the left describes the whole API.

query WhatIsHere {
  health {
    version
    sqliteVersion
    startedAt
  }
  plugins {
    loaded {
      name
      summary
      version
    }
  }
}
`;

  const element = (id) => document.getElementById(id);

  const takeTokenFromAddress = () => {
    const fragment = new URLSearchParams(location.hash.slice(1));
    const token = fragment.get("token");
    if (token === null) {
      return;
    }
    sessionStorage.setItem(STORED, token);
    fragment.delete("token");
    const rest = fragment.toString();
    history.replaceState(null, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  };

  const authorization = () => {
    const token = sessionStorage.getItem(STORED);
    return token ? `Bearer ${token}` : null;
  };

  const fetchWithToken = async (url, options = {}) => {
    const headers = new Headers(options.headers);
    headers.set("Accept", ANSWER_TYPES);
    if (authorization() !== null && !headers.has("Authorization")) {
      headers.set("Authorization", authorization());
    }
    const response = await fetch(url, { ...options, headers, cache: "no-store", credentials: "omit" });
    if (response.status === 401) {
      askForToken("The server does not know this token.");
    }
    return response;
  };

  const socket = graphqlWs.createClient({
    url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${ENDPOINT}`,
    connectionParams: () => (authorization() === null ? {} : { authorization: authorization() }),
  });
  const fetcher = GraphiQL.createFetcher({ url: ENDPOINT, fetch: fetchWithToken, wsClient: socket });

  let root = null;

  const show = (status) => {
    element("status").textContent = status;
    element("token-form").hidden = true;
    element("forget").hidden = authorization() === null;
    root ??= ReactDOM.createRoot(element("graphiql"));
    root.render(React.createElement(GraphiQL, { fetcher, defaultQuery: FIRST_QUERY, shouldPersistHeaders: false }));
  };

  const askForToken = (reason) => {
    element("status").textContent = reason;
    element("token-form").hidden = false;
    element("forget").hidden = true;
    element("token").focus();
  };

  const forget = () => {
    sessionStorage.removeItem(STORED);
    root?.unmount();
    root = null;
    enter();
  };

  // A server that runs without authentication needs no token: ask it.
  const enter = async () => {
    const given = authorization() !== null;
    let response;
    try {
      response = await fetchWithToken(ENDPOINT, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ query: "{ __typename }" }),
      });
    } catch {
      askForToken("The server cannot be reached.");
      return;
    }
    if (response.ok) {
      show(given ? "Your token is kept in this tab only." : "This server asks for no token.");
    } else if (response.status === 401) {
      askForToken(
        given ? "The server does not know this token." : "Paste a token; “synthetic token create” makes one.",
      );
    } else {
      const answer = await response.json().catch(() => null);
      askForToken(answer?.errors?.[0]?.message ?? `The server answers ${response.status}.`);
    }
  };

  element("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(STORED, element("token").value.trim());
    element("token").value = "";
    enter();
  });
  element("forget").addEventListener("click", forget);
  window.addEventListener("hashchange", () => {
    takeTokenFromAddress();
    enter();
  });

  takeTokenFromAddress();
  enter();
})();
