// What a tool is called with, so that a person sees what it would do: commands as commands, edits as differences.

import { html } from "../view.js";
import { Code, Json, languageOf } from "./code.js";
import { Diff } from "./diff.js";
import { Facts } from "./page.js";
import { Plain } from "./text.js";

const PATHS = ["file_path", "path", "notebook_path", "filename"];
const PAIRS = [
  ["old_string", "new_string"],
  ["old_str", "new_str"],
  ["before", "after"],
  ["old", "new"],
];
const COMMANDS = ["command", "cmd", "script"];
const CONTENTS = ["content", "contents", "file_text"];

const isText = (value) => typeof value === "string";

function firstText(value, names) {
  return names.find((name) => isText(value[name]));
}

/** How the arguments are best read: `{title, body, rest}`; the rest are those that the body does not show. */
function readable(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return { body: html`<${Json} value=${value} />`, rest: {} };
  }
  const path = firstText(value, PATHS);
  const title = path && value[path];
  const pair = PAIRS.find((names) => names.every((name) => isText(value[name])));
  const without = (...names) => Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
  if (pair) {
    return { title, body: html`<${Diff} before=${value[pair[0]]} after=${value[pair[1]]} />`, rest: without(path, ...pair) };
  }
  const command = firstText(value, COMMANDS);
  if (command) {
    return { title, body: html`<${Code} text=${value[command]} language="bash" scroll />`, rest: without(path, command) };
  }
  const content = firstText(value, CONTENTS);
  if (content) {
    const language = languageOf(title);
    return { title, body: html`<${Code} text=${value[content]} language=${language} scroll />`, rest: without(path, content) };
  }
  return { body: html`<${Json} value=${value} />`, rest: {} };
}

/** Shows `value` as a person reads it, and then exactly as it is, letter by letter. */
export function Arguments({ value }) {
  const { title, body, rest } = readable(value);
  const others = Object.entries(rest).map(([name, one]) => [
    name,
    html`<code><${Plain} text=${isText(one) ? one : JSON.stringify(one)} /></code>`,
  ]);
  return html`<div class="stack">
    ${title && html`<code class="arguments-path"><${Plain} text=${title} /></code>`} ${body}
    ${others.length > 0 && html`<${Facts} items=${others} />`}
    <details>
      <summary>Exactly as sent</summary>
      <${Json} value=${value} />
    </details>
  </div>`;
}
