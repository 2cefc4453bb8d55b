// A tool call and its result, folded: a line that says what was done, and on demand all of it.

import { html, useState } from "../view.js";
import { href } from "../router.js";
import { Code, Json, languageOf } from "./code.js";
import { Diff } from "./diff.js";
import { Icon } from "./icon.js";
import { bytes } from "./number.js";
import { Plain, firstLine } from "./text.js";

const LONGEST_RESULT = 20_000;
// The arguments of which one tells best what a call does, the best first.
const TELLING = ["command", "file_path", "path", "pattern", "query", "url", "description", "prompt", "id"];
const BEFORE = ["old_string", "old_str", "old_text"];
const AFTER = ["new_string", "new_str", "new_text"];
const WHOLE = ["content", "file_text", "contents"];
const PATHS = ["file_path", "path", "filename", "file"];
const IS_DIFF = /^(diff --git |--- .*\n\+\+\+ |@@ -\d)/;

const textAt = (input, names) => names.map((name) => input[name]).find((value) => typeof value === "string");

function summaryOf(input) {
  if (typeof input === "string") {
    return firstLine(input);
  }
  return firstLine(textAt(input, TELLING) ?? (Object.keys(input).length > 0 ? JSON.stringify(input) : ""));
}

function Input({ input }) {
  if (typeof input === "string") {
    return html`<${Code} text=${input} scroll />`;
  }
  const [path, before, after] = [textAt(input, PATHS), textAt(input, BEFORE), textAt(input, AFTER)];
  const whole = textAt(input, WHOLE);
  if (before !== undefined && after !== undefined) {
    return html`<p class="mono small">${path}</p><${Diff} before=${before} after=${after} />`;
  }
  if (path !== undefined && whole !== undefined) {
    return html`<p class="mono small">${path}</p><${Code} text=${whole} language=${languageOf(path)} scroll />`;
  }
  return typeof input.command === "string" && Object.keys(input).length <= 4
    ? html`<${Code} text=${input.command} language="bash" scroll />`
    : html`<${Json} value=${input} />`;
}

function Result({ result, path }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? result.text : result.text.slice(0, LONGEST_RESULT);
  const language = IS_DIFF.test(shown) ? "diff" : languageOf(path);
  return html`
    <h4 class=${result.isError ? "call-part is-bad" : "call-part"}>${result.isError ? "Error" : "Result"}</h4>
    ${shown ? html`<${Code} text=${shown} language=${language} scroll />` : html`<p class="soft">It is empty.</p>`}
    ${shown.length < result.text.length &&
    html`<button type="button" class="button small" onClick=${() => setWhole(true)}>Show all ${bytes(result.text.length)}</button>`}
  `;
}

// A call tells which session it has started when its result is there. Until then the text with which that session
// begins, which is its title, is looked for in what the call hands over.
function startedBy({ input, started }, subagents) {
  if (started) {
    return started;
  }
  const texts = Object.values(typeof input === "object" ? input : {}).filter((value) => typeof value === "string");
  return subagents.find(({ title }) => {
    const begin = title?.replace(/…$/, "");
    return begin && texts.some((text) => text.startsWith(begin));
  });
}

/** A link to what a sub-agent writes; `session` is {id, agent, transcripts}. */
export function SubagentLink({ session }) {
  const [transcript] = session.transcripts.nodes;
  const address = transcript ? href(["transcripts", transcript.id]) : href(["sessions", session.id]);
  const said = `To the ${transcript ? "transcript" : "session"} of ${session.agent ?? "the sub-agent"}`;
  return html`<a class="subagent" href=${address}><${Icon} name="agent" />${said}</a>`;
}

/**
 * A `call` ({name, input, result, started}), its input an object or a text; `subagents` are the sessions that this one
 * has started ({id, title, agent, transcripts}).
 */
export function ToolCall({ call, subagents }) {
  const [isOpen, setOpen] = useState(false);
  const { name, input, result } = call;
  const subagent = startedBy(call, subagents);
  const path = typeof input === "object" ? textAt(input, PATHS) : undefined;
  return html`<details class="fold call" open=${isOpen} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>
      <${Icon} name=${result?.isError ? "bad" : "tool"} />
      <strong>${name}</strong>
      <span class="mono small"><${Plain} text=${summaryOf(input)} /></span>
      ${result === undefined && html`<span class="soft small">no result here</span>`}
      ${result?.isError && html`<span class="is-bad small">failed</span>`}
    </summary>
    ${isOpen &&
    html`<div class="call-body">
      <${Input} input=${input} />
      ${result !== undefined && html`<${Result} result=${result} path=${path} />`}
    </div>`}
  </details>
  ${subagent && html`<${SubagentLink} session=${subagent} />`}`;
}
