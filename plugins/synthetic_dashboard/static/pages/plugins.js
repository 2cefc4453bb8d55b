// What is loaded, with which settings and tables, and what could not be loaded.

import { html } from "../view.js";
import { gql, may } from "../graphql.js";
import { useQuery } from "../live.js";
import { setQuery } from "../router.js";
import { Empty } from "../parts/empty.js";
import { ClearFilters, Filters, TextField } from "../parts/filters.js";
import { Loaded } from "../parts/loaded.js";
import { bytes, plural } from "../parts/number.js";
import { Facts, Page, Panel } from "../parts/page.js";
import { Status } from "../parts/status.js";
import { Table } from "../parts/table.js";

const PLUGINS = gql`
  query PluginList($admin: Boolean!) {
    plugins {
      loaded {
        name summary version distribution requires requiredBy tables bytes
        settings @include(if: $admin) { name value default source where isSecret }
      }
      leftOut { name reason action }
      disabled
      unlisted { name distribution version }
      absent { name tables }
      kernelSettings @include(if: $admin) { name value default source where isSecret }
    }
  }
`;

const LAYERS = {
  DEFAULT: "default",
  SHIPPED: "plugins.toml, shipped",
  STORE: "plugins.toml of the store",
  ENVIRONMENT: "environment",
  FLAG: "flag",
};

const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const isChanged = (setting) => setting.source !== "DEFAULT";

const COLUMNS = [
  { title: "Setting", cell: (row) => html`<code>${row.name}</code>` },
  {
    title: "Value",
    cell: (row) =>
      row.isSecret
        ? html`<span class="soft">hidden</span>`
        : html`<code class=${isChanged(row) ? "setting-changed" : "soft"}>${shown(row.value)}</code>`,
  },
  { title: "Default", cell: (row) => (row.isSecret ? "" : html`<code class="soft">${shown(row.default)}</code>`) },
  {
    title: "Set by",
    cell: (row) => (isChanged(row) ? html`<span title=${row.where}>${LAYERS[row.source]}</span>` : html`<span class="soft">default</span>`),
  },
];

function Settings({ settings, open = false }) {
  const changed = settings.filter(isChanged).length;
  if (settings.length === 0) {
    return null;
  }
  return html`<details open=${open}>
    <summary>${plural(settings.length, "setting")}${changed > 0 && `, ${changed} changed`}</summary>
    <${Table} label="Settings" columns=${COLUMNS} rows=${settings} rowKey=${(row) => row.name} />
  </details>`;
}

function Plugin({ plugin, open }) {
  return html`<${Panel}
    title=${plugin.name}
    aside=${`${plugin.distribution} ${plugin.version}`}
    actions=${html`<${Status} value="OK" label="Loaded" />`}
  >
    <div class="stack">
      <p>${plugin.summary}</p>
      <${Facts}
        items=${[
          ["Requires", plugin.requires.join(", ")],
          ["Required by", plugin.requiredBy.join(", ")],
          ["On disk", plugin.bytes > 0 && bytes(plugin.bytes)],
          ["Tables", plugin.tables.length > 0 && html`<code class="plugin-tables">${plugin.tables.join(" ")}</code>`],
        ]}
      />
      <${Settings} settings=${plugin.settings} open=${open} />
    </div>
  <//>`;
}

function Problems({ leftOut, disabled, unlisted, absent }) {
  return html`
    ${leftOut.map(
      (one) =>
        html`<${Panel} key=${one.name} title=${one.name} actions=${html`<${Status} value="FAILED" label="Left out" />`}>
          <p>${one.reason}</p>
          <p class="soft">${one.action}</p>
        <//>`,
    )}
    ${absent.map(
      (one) =>
        html`<${Panel} key=${one.name} title=${one.name} actions=${html`<${Status} value="DISABLED" label="Taken out" />`}>
          <p>It is not loaded, and has left tables in the store: <code>${one.tables.join(" ")}</code></p>
          <p class="soft">Enable it again, or remove them for good: <code>synthetic plugins purge ${one.name}</code></p>
        <//>`,
    )}
    ${unlisted.length > 0 &&
    html`<p class="soft">
      Installed and not enabled: ${unlisted.map(({ name, distribution, version }) => `${name} (${distribution} ${version})`).join(", ")}.
    </p>`}
    ${disabled.length > 0 && html`<p class="soft">Listed with <code>enabled = false</code>: ${disabled.join(", ")}.</p>`}
  `;
}

function matches(text, plugin) {
  const all = [plugin.name, plugin.summary, ...plugin.tables, ...(plugin.settings ?? []).map(({ name }) => name)];
  return all.some((one) => one.toLowerCase().includes(text));
}

/** The page. */
export default function Plugins({ query }) {
  const result = useQuery(PLUGINS, { admin: may("admin") });
  const text = (query.get("q") ?? "").toLowerCase();
  // Only a token with the scope admin is told of settings.
  const narrowed = (settings = []) => (text ? settings.filter(({ name }) => name.toLowerCase().includes(text)) : settings);
  return html`<${Page} title="Plugins" lead="What this store is made of, as the process runs that answers.">
    <${Filters}>
      <${TextField} name="q" label="Find" placeholder="Name, table or setting" long />
      <${ClearFilters} names=${["q"]} />
    <//>
    <${Loaded} query=${result} rows=${12}>
      ${({ plugins }) => {
        const found = plugins.loaded.filter((plugin) => matches(text, plugin));
        const kernel = narrowed(plugins.kernelSettings);
        return html`
          <${Problems} ...${plugins} />
          <div class="plugin-grid">
            ${found.map((plugin) => {
              const settings = narrowed(plugin.settings);
              return html`<${Plugin}
                key=${plugin.name}
                plugin=${{ ...plugin, settings: settings.length > 0 ? settings : (plugin.settings ?? []) }}
                open=${text !== "" && settings.length > 0}
              />`;
            })}
          </div>
          ${kernel.length > 0 &&
          html`<${Panel} title="Kernel"><${Settings} settings=${kernel} open=${text !== ""} /><//>`}
          ${found.length === 0 &&
          kernel.length === 0 &&
          html`<${Panel}>
            <${Empty} title="Nothing is called so" icon="plugins">
              <button type="button" class="button" onClick=${() => setQuery({ q: null })}>Show all</button>
            <//>
          <//>`}
        `;
      }}
    <//>
  <//>`;
}
