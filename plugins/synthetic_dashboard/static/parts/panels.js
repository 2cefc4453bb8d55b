// Panels that other plugins add to a page (`register_dashboard`). One that fails says so, and takes nothing with it.

import { html, useEffect, useErrorBoundary, useState } from "../view.js";
import { extensions } from "../extensions.js";
import { Panel } from "./page.js";
import { Problem } from "./problem.js";
import { Skeleton } from "./skeleton.js";

/** The component that a module of a plugin exports by default: `{Component, error}`, both null while it is fetched. */
export function useModule(url) {
  const [state, setState] = useState({ url: null, Component: null, error: null });
  useEffect(() => {
    let wanted = true;
    import(url).then(
      (module) => wanted && setState({ url, Component: module.default, error: null }),
      (error) => wanted && setState({ url, Component: null, error: failure(url, error) }),
    );
    return () => {
      wanted = false;
    };
  }, [url]);
  return state.url === url ? state : { Component: null, error: null };
}

function failure(url, error) {
  return { code: "MODULE_FAILED", message: `${url}: ${error.message}`, action: "Report it to the plugin's authors." };
}

/** Draws the default export of the module at `url` with `props`, and an error in its place where it fails. */
export function Guest({ url, props }) {
  const { Component, error } = useModule(url);
  const [thrown, again] = useErrorBoundary();
  if (thrown || error) {
    return html`<${Problem} error=${error ?? failure(url, thrown)} retry=${thrown ? again : undefined} />`;
  }
  return Component === null ? html`<${Skeleton} rows=${4} />` : html`<${Component} ...${props} />`;
}

/** All panels for a place ("overview", "construct", "job", ...), of the thing with this id. */
export function Panels({ place, id = null }) {
  const panels = extensions.value.panels.filter((panel) => panel.place === place);
  return panels.map(
    (panel) =>
      html`<${Panel} key=${panel.module} title=${panel.title}>
        <${Guest} url=${panel.module} props=${{ id }} />
      <//>`,
  );
}
