// The frame around every page: navigation, search, the connection, the theme, and the place of the page itself.

import { html, useEffect, useErrorBoundary, useRef, useState } from "./view.js";
import { connection, reconnect, viewer } from "./graphql.js";
import { extensions } from "./extensions.js";
import { Keys, shortcutsShown } from "./keys.js";
import { findPage, navigation } from "./pages.js";
import { go, href, route } from "./router.js";
import { NavigationCount } from "./attention.js";
import { ThemeButton } from "./theme-button.js";
import { Questions } from "./parts/dialog.js";
import { Empty } from "./parts/empty.js";
import { Icon } from "./parts/icon.js";
import { Page } from "./parts/page.js";
import { Guest } from "./parts/panels.js";
import { Problem } from "./parts/problem.js";
import { Skeleton } from "./parts/skeleton.js";
import { clock, duration, now } from "./parts/time.js";
import { Toasts } from "./parts/toast.js";

const ICON = new URL("./icon.svg", import.meta.url).href;
const LIVE_WORDS = { idle: "Not live", connecting: "Connecting", live: "Live", lost: "Connection lost" };
const LIVE_ICONS = { idle: "none", connecting: "busy", live: "dot", lost: "warn" };

function Navigation() {
  const [here] = route.value.segments;
  return html`<nav class="nav" aria-label="Pages of the dashboard">
    ${navigation().map(
      ({ group, pages }) => html`
        ${group && html`<h2>${group}</h2>`}
        <ul>
          ${pages.map(
            (page) =>
              html`<li>
                <a href=${href(page.path)} aria-current=${page.path.slice(1) === (here ?? "") ? "page" : undefined}>
                  <${Icon} name=${page.icon} />${page.title}<${NavigationCount} path=${page.path} />
                </a>
              </li>`,
          )}
        </ul>
      `,
    )}
  </nav>`;
}

function SearchBox() {
  const { segments, query } = route.value;
  const search = (event) => {
    event.preventDefault();
    go("/search", { q: event.currentTarget.elements.q.value.trim() });
  };
  return html`<form class="search-box" role="search" onSubmit=${search}>
    <${Icon} name="search" />
    <input
      id="search"
      class="input"
      type="search"
      name="q"
      autocomplete="off"
      aria-label="Search everything"
      placeholder="Search everything"
      value=${segments[0] === "search" ? (query.get("q") ?? "") : ""}
    />
    <kbd>/</kbd>
  </form>`;
}

function Live() {
  const { state } = connection.value;
  return html`<span class="live" data-state=${state} role="status">
    <${Icon} name=${LIVE_ICONS[state]} label=${LIVE_WORDS[state]} /><span class="label">${LIVE_WORDS[state]}</span>
  </span>`;
}

function Lost() {
  const { state, since, retryAt } = connection.value;
  if (state !== "lost") {
    return null;
  }
  const pause = retryAt === null ? null : Math.max(0, retryAt - now.value);
  return html`<div class="lost" role="alert">
    <${Icon} name="warn" />
    <span>
      <strong>Connection lost since ${clock(since)}.</strong>${" "}What is shown may be old.
    </span>
    <span class="pause">${pause === null ? "Trying to connect…" : `Next attempt in ${duration(pause + 999)}`}</span>
    <button type="button" class="button small" onClick=${reconnect}>Try now</button>
  </div>`;
}

/** Draws the page of the route; its module is loaded when it is first needed. */
function Outlet() {
  const { segments } = route.value;
  const found = findPage(segments);
  const [loaded, setLoaded] = useState({ path: null, Component: null, error: null });
  const path = found?.page.path;
  useEffect(() => {
    let wanted = true;
    if (found !== null && !found.page.url) {
      found.page.load().then(
        (module) => wanted && setLoaded({ path, Component: module.default, error: null }),
        (error) => wanted && setLoaded({ path, Component: null, error }),
      );
    }
    return () => {
      wanted = false;
    };
  }, [path]);

  if (found === null) {
    return html`<${Page} title="No such page">
      <${Empty} title="There is no page at this address" icon="question">
        <a href=${href("/")}>Go to the overview</a>
      <//>
    <//>`;
  }
  const props = { params: found.params, query: route.value.query };
  if (found.page.url) {
    return html`<${Guest} url=${found.page.url} props=${props} />`;
  }
  if (loaded.path !== path) {
    return html`<${Page} title=${found.page.title}><div class="panel"><${Skeleton} rows=${10} /></div><//>`;
  }
  return loaded.error
    ? html`<${Page} title=${found.page.title}>
        <${Problem}
          error=${{ code: "MODULE_FAILED", message: loaded.error.message, action: "Load the page again." }}
          retry=${() => location.reload()}
        />
      <//>`
    : html`<${loaded.Component} key=${segments.join("/")} ...${props} />`;
}

/** A page that throws is replaced by what it threw; the rest of the dashboard stays. */
function Guarded() {
  const [thrown, again] = useErrorBoundary((error) => console.error(error));
  return thrown
    ? html`<${Page} title="This page failed">
        <${Problem}
          error=${{ code: "PAGE_FAILED", message: String(thrown.message ?? thrown), action: "Report it with this message." }}
          retry=${again}
        />
      <//>`
    : html`<${Outlet} />`;
}

/** The whole dashboard of a caller who was let in; `leave` takes the token out of the tab. */
export function Shell({ leave }) {
  const [menu, setMenu] = useState(false);
  const main = useRef(null);
  const { path } = route.value;
  const isFirst = useRef(true);
  useEffect(() => {
    setMenu(false);
    if (isFirst.current) {
      isFirst.current = false;
    } else {
      main.current.scrollTop = 0;
      main.current.focus({ preventScroll: true });
    }
  }, [path]);
  const { name, scopes } = viewer.value;
  return html`<div class="shell" data-state=${connection.value.state} data-menu=${menu ? "open" : undefined}>
    <a
      class="skip"
      href="#main"
      onClick=${(event) => {
        event.preventDefault();
        main.current.focus();
      }}
      >Skip to the page</a
    >
    <aside class="sidebar" id="sidebar">
      <a class="brand" href=${href("/")}><img src=${ICON} alt="" />Synthetic</a>
      <${Navigation} />
      <div class="sidebar-foot">Version ${extensions.value.version}</div>
    </aside>
    <header class="topbar">
      <button
        type="button"
        class="button quiet only-icon menu"
        aria-label="Menu"
        aria-expanded=${menu}
        aria-controls="sidebar"
        onClick=${() => setMenu(!menu)}
      >
        <${Icon} name="menu" />
      </button>
      <${SearchBox} />
      <div class="topbar-end">
        <${Live} />
        <button
          type="button"
          class="button quiet only-icon"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick=${() => (shortcutsShown.value = true)}
        >
          <${Icon} name="question" />
        </button>
        <${ThemeButton} />
        <button
          type="button"
          class="button quiet only-icon"
          aria-label="Take the token out of this tab"
          title=${`${name} (${scopes.join(", ").toLowerCase()}). Take the token out of this tab.`}
          onClick=${leave}
        >
          <${Icon} name="key" />
        </button>
      </div>
    </header>
    <main class="main" id="main" tabindex="-1" ref=${main} onClick=${() => menu && setMenu(false)}><${Guarded} /></main>
    <${Lost} />
    <${Keys} />
    <${Questions} />
    <${Toasts} />
  </div>`;
}
