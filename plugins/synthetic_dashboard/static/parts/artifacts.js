// Files that were kept: shown as text where they are text, else to be saved. A browser never runs them.

import { html, useState } from "../view.js";
import { fetchBytes } from "../graphql.js";
import { Code, languageOf } from "./code.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { bytes } from "./number.js";
import { Status } from "./status.js";
import { Table } from "./table.js";
import { Time } from "./time.js";
import { toastError } from "./toast.js";

const LONGEST_SHOWN_BYTES = 1_000_000;
const TEXTUAL = /^(text\/|application\/(json|xml|x-ndjson|yaml|toml|javascript|sql|x-sh|x-yaml))/;

function isText(artifact) {
  return TEXTUAL.test(artifact.contentType) && artifact.sizeBytes <= LONGEST_SHOWN_BYTES;
}

async function save(artifact) {
  const address = URL.createObjectURL(await fetchBytes(artifact.url));
  const link = document.createElement("a");
  link.href = address;
  link.download = artifact.name.split("/").pop();
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function Shown({ artifact, text, close }) {
  return html`<${Dialog} label=${artifact.name} close=${close} wide>
    <div>
      <h2>${artifact.name}</h2>
      <p class="soft small">${artifact.contentType}, ${bytes(artifact.sizeBytes)}, SHA-256 <code>${artifact.sha256}</code></p>
      <${Code} text=${text} language=${languageOf(artifact.name)} scroll />
      <footer><button type="button" class="button primary" onClick=${close}>Close</button></footer>
    </div>
  <//>`;
}

/** A table of artifacts: `{id name type contentType sizeBytes sha256 url status createdAt}` each. */
export function Artifacts({ artifacts, empty }) {
  const [shown, setShown] = useState(null);
  const show = async (artifact) => {
    try {
      setShown({ artifact, text: await (await fetchBytes(artifact.url)).text() });
    } catch (error) {
      toastError(error);
    }
  };
  const columns = [
    { title: "Name", clip: true, share: "45%", cell: (one) => html`<span title=${one.name}>${one.name}</span><span class="sub">${one.type}</span>` },
    { title: "Size", number: true, cell: (one) => bytes(one.sizeBytes) },
    { title: "Kept", cell: (one) => html`<${Time} at=${one.createdAt} />` },
    {
      title: "",
      cell: (one) =>
        one.status !== "AVAILABLE"
          ? html`<${Status} value=${one.status} />`
          : html`<span class="row">
              ${isText(one) && html`<button type="button" class="button small" onClick=${() => show(one)}>Show</button>`}
              <button
                type="button"
                class="button quiet small"
                aria-label=${`Save ${one.name}`}
                title="Save"
                onClick=${() => save(one).catch(toastError)}
              >
                <${Icon} name="down" />
              </button>
            </span>`,
    },
  ];
  return html`
    <${Table} label="Artifacts" columns=${columns} rows=${artifacts} rowKey=${(one) => one.id} empty=${empty} />
    ${shown !== null && html`<${Shown} ...${shown} close=${() => setShown(null)} />`}
  `;
}
