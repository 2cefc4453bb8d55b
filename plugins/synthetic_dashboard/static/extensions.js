// What other plugins add to the dashboard (`register_dashboard`), and which plugins there are.

import { signal } from "./view.js";
import { ask, gql } from "./graphql.js";
import { addEntityLinks } from "./parts/entity.js";

const START = gql`
  query DashboardStart {
    viewer { name scopes expiresAt }
    health { version }
    plugins { loaded { name } }
    dashboard {
      pages { title path group order module package }
      panels { title place order module package }
      entityLinks { entityType path }
    }
  }
`;

/** `{version, plugins, pages, panels}`; `plugins` is the set of the loaded plugins' names. */
export const extensions = signal({ version: null, plugins: new Set(), pages: [], panels: [] });

/** Ask who is calling and what there is: the first thing that is asked. Returns the viewer. */
export async function loadStart() {
  const { viewer, health, plugins, dashboard } = await ask(START);
  addEntityLinks(dashboard.entityLinks);
  extensions.value = {
    version: health.version,
    plugins: new Set(plugins.loaded.map((plugin) => plugin.name)),
    pages: dashboard.pages,
    panels: dashboard.panels,
  };
  return viewer;
}
