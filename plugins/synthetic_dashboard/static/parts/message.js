// One message of a transcript, with the results of its tool calls folded into it. All of it is text, never markup.

import { html, useErrorBoundary, useMemo, useState } from "../view.js";
import { href } from "../router.js";
import { Code } from "./code.js";
import { Icon } from "./icon.js";
import { bytes, short } from "./number.js";
import { Problem } from "./problem.js";
import { words } from "./status.js";
import { Plain, firstLine } from "./text.js";
import { clock, instant } from "./time.js";
import { SubagentLink, ToolCall } from "./tool-call.js";

const LONGEST_TEXT = 6000;
const FENCE = /^\s{0,3}```\s*([\w+-]*)/;
const INLINE = /`([^`\n]+)`/;
const ICONS = { USER: "person", ASSISTANT: "agent", SYSTEM: "storage", TOOL: "tool" };
const LANGUAGES = { py: "python", js: "javascript", ts: "typescript", sh: "bash", shell: "bash", html: "xml", yml: "yaml" };

function Prose({ text }) {
  return text
    .split(INLINE)
    .map((part, place) => (place % 2 ? html`<code class="inline"><${Plain} text=${part} /></code>` : html`<${Plain} text=${part} />`));
}

/** The fenced code of a text and what is between: a list of {text, language}; `language` is null for prose. */
export function partsOf(text) {
  const parts = [];
  let lines = [];
  let language = null;
  const end = () => {
    const joined = lines.join("\n");
    const part = language === null ? joined.replace(/^\n+/, "").trimEnd() : joined;
    if (part) {
      parts.push({ text: part, language });
    }
    lines = [];
  };
  for (const line of text.split("\n")) {
    const fence = FENCE.exec(line);
    if (fence === null || (language !== null && fence[1])) {
      lines.push(line);
    } else {
      end();
      language = language === null ? fence[1].toLowerCase() : null;
    }
  }
  end();
  return parts;
}

/** Text as agents write it: fenced code in colours, the rest as it is. */
export function MessageText({ text }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : text.slice(0, LONGEST_TEXT);
  const content = useMemo(
    () =>
      partsOf(shown).map((part) =>
        part.language === null
          ? html`<p><${Prose} text=${part.text} /></p>`
          : html`<${Code} text=${part.text} language=${LANGUAGES[part.language] ?? part.language} />`,
      ),
    [shown],
  );
  return html`<div class="message-text">
    ${content}
    ${shown.length < text.length &&
    html`<button type="button" class="button small" onClick=${() => setWhole(true)}>
      Show the other ${short(text.length - shown.length)} characters
    </button>`}
  </div>`;
}

function Folded({ summary, text, icon }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="fold" open=${isOpen} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name=${icon} /><span class="fold-name">${summary}</span><span class="soft"><${Plain} text=${firstLine(text, 110)} /></span></summary>
    ${isOpen && html`<${MessageText} text=${text} />`}
  </details>`;
}

function otherText({ text, blocks }) {
  return text || JSON.stringify(blocks, null, 2) || "";
}

// Messages that are one folded line need no heading: their place and time stand beside it.
function isFolded({ message, calls }) {
  return (
    message.kind === "THINKING" ||
    message.kind === "TOOL_RESULT" ||
    message.kind === "OTHER" ||
    (message.kind === "TOOL_CALL" && calls.length > 0 && !message.text.trim())
  );
}

function Content({ row, subagents }) {
  const { message, calls } = row;
  if (message.kind === "THINKING") {
    return html`<${Folded} summary="Thinking" icon="thinking" text=${message.text} />`;
  }
  if (message.kind === "TOOL_RESULT") {
    return html`<${Folded} summary="Result of a tool" icon="tool" text=${message.text} />
      ${message.startedSession && html`<${SubagentLink} session=${message.startedSession} />`}`;
  }
  if (message.kind === "OTHER") {
    return html`<${Folded} summary="Other" icon="none" text=${otherText(message)} />`;
  }
  return html`
    ${message.text.trim() && html`<${MessageText} text=${message.text} />`}
    ${calls.map((call, place) => html`<${ToolCall} key=${call.id ?? place} call=${call} subagents=${subagents} />`)}
    ${!message.text.trim() && calls.length === 0 && html`<p class="soft">${`${words(message.kind)} without words`}</p>`}
  `;
}

// A message that cannot be drawn fails alone: what agents write has any shape.
function Guarded({ row, subagents }) {
  const [thrown, again] = useErrorBoundary((error) => console.error(error));
  return thrown
    ? html`<${Problem}
        error=${{ code: "MESSAGE_FAILED", message: String(thrown.message ?? thrown), action: "Report it with this message." }}
        retry=${again}
      />`
    : html`<${Content} row=${row} subagents=${subagents} />`;
}

function End({ transcriptId, message }) {
  const { seq, sizeBytes, occurredAt } = message;
  return html`<span class="message-end small soft">
    ${sizeBytes > 20_000 && html`<span>${bytes(sizeBytes)}</span>`}
    ${occurredAt && html`<time datetime=${occurredAt} title=${instant(occurredAt)}>${clock(occurredAt)}</time>`}
    <a class="permalink" href=${href(["transcripts", transcriptId], { m: seq })} aria-label=${`Link to message ${seq}`}>#${seq}</a>
  </span>`;
}

/** A row of the transcript with this id; `isMarked` when a permalink leads to it. */
export function Message({ transcriptId, row, isMarked, subagents }) {
  const { message } = row;
  const { seq, role, model, usage } = message;
  const tokens = usage && `${short(usage.inputTokens)} in, ${short(usage.outputTokens)} out`;
  const folded = isFolded(row);
  const end = html`<${End} transcriptId=${transcriptId} message=${message} />`;
  return html`<article
    class=${folded ? "message is-folded" : "message"}
    data-role=${role}
    data-kind=${message.kind}
    data-seq=${seq}
    data-key=${seq}
    aria-current=${isMarked ? "true" : undefined}
  >
    ${!folded &&
    html`<header>
      <${Icon} name=${ICONS[role]} />
      <strong>${words(role)}</strong>
      ${model && html`<span class="soft small">${model}</span>`}
      ${tokens && html`<span class="soft small" title="Tokens of the response">${tokens}</span>`}
      ${end}
    </header>`}
    <div class="message-content"><${Guarded} row=${row} subagents=${subagents} /></div>
    ${folded && end}
  </article>`;
}
