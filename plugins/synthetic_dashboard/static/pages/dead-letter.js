// One dead letter: the error, the payload, and retrying it as it is or changed.

import { html, useState } from "../view.js";
import { ask, gql, may } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { ActionButton } from "../parts/action.js";
import { Json } from "../parts/code.js";
import { Diff } from "../parts/diff.js";
import { Empty } from "../parts/empty.js";
import { EntityLink } from "../parts/entity.js";
import { Loaded } from "../parts/loaded.js";
import { count } from "../parts/number.js";
import { Facts, Page, Panel } from "../parts/page.js";
import { Panels } from "../parts/panels.js";
import { Problem } from "../parts/problem.js";
import { Status } from "../parts/status.js";
import { Plain } from "../parts/text.js";
import { Time } from "../parts/time.js";

const ONE = gql`
  query DeadLetterDetail($id: ID!) {
    deadLetter(id: $id) {
      id seq source key code fingerprint status attempts retries payload originalPayload
      error { code message recoverable retryAfterMs action details correlationId occurredAt }
      constructId construct { id title } entityType entityId retryEntityType retryEntityId redriveId
      firstFailedAt lastFailedAt nextRetryAt retryStartedAt editedAt editedBy resolution endedAt endedBy createdAt
    }
    deadLetterSources { name purpose isEditable retriesMax }
  }
`;

const CHANGES = gql`
  subscription DeadLetterDetailChanges($after: Position, $ids: [ID!]) {
    deadLetters(after: $after, filter: { ids: $ids }) { position deadLetterId type }
  }
`;

const RETRY = gql`
  mutation RetryLetter($input: RetryDeadLetterInput!) {
    retryDeadLetter(input: $input) { deadLetter { id status retries } }
  }
`;

const RESOLVE = gql`
  mutation ResolveLetter($input: ResolveDeadLetterInput!) {
    resolveDeadLetter(input: $input) { deadLetter { id status } }
  }
`;

const DISCARD = gql`
  mutation DiscardLetter($input: DiscardDeadLetterInput!) {
    discardDeadLetter(input: $input) { deadLetter { id status } }
  }
`;

const laidOut = (value) => JSON.stringify(value, null, 2);

/** What the text of the editor is: `{value}`, or `{problem}` where it is no JSON. */
function parsed(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: error.message };
  }
}

function Editor({ letter, reload, close }) {
  const before = laidOut(letter.payload);
  const [text, setText] = useState(before);
  const { value, problem } = parsed(text);
  const isChanged = problem === undefined && laidOut(value) !== before;
  const retry = async () => {
    await ask(RETRY, { input: { id: letter.id, ifRetries: letter.retries, payload: value } });
    close();
    reload();
    return "It is being retried with the new payload.";
  };
  return html`<div class="stack">
    <label class="field"
      ><span>Payload, as JSON</span>
      <textarea
        class="textarea code"
        rows="14"
        spellcheck=${false}
        aria-invalid=${problem !== undefined}
        value=${text}
        onInput=${(event) => setText(event.currentTarget.value)}
      ></textarea>
    </label>
    ${problem !== undefined && html`<p role="alert" class="small">This is no JSON: ${problem}</p>`}
    ${isChanged && html`<${Diff} before=${before} after=${laidOut(value)} />`}
    <div class="row">
      <${ActionButton} label="Retry with this payload" kind="primary" icon="retry" disabled=${!isChanged} run=${retry} />
      <button type="button" class="button quiet" onClick=${close}>Leave it as it is</button>
    </div>
  </div>`;
}

function Actions({ letter, source, reload, edit }) {
  const { id, retries } = letter;
  const hasEnded = letter.status === "RESOLVED" || letter.status === "DISCARDED";
  const run = (document, input, said) => async () => {
    await ask(document, { input: { id, ...input } });
    reload();
    return said;
  };
  if (letter.status === "RETRYING") {
    return html`<span class="soft">It is being retried.</span>`;
  }
  return html`
    ${source
      ? html`<${ActionButton}
          label="Retry now"
          kind="primary"
          icon="retry"
          run=${run(RETRY, { ifRetries: retries }, "It is being retried.")}
        />`
      : html`<span class="soft">No plugin here retries what comes from ${letter.source}: retry it there, then resolve it.</span>`}
    ${edit && may("write") && html`<button type="button" class="button" onClick=${edit}>Edit and retry</button>`}
    ${!hasEnded &&
    html`
      <${ActionButton} label="Resolve" run=${run(RESOLVE, { resolution: "Dealt with from the dashboard." }, "It counts as dealt with.")} />
      <${ActionButton}
        label="Discard"
        kind="danger"
        run=${run(DISCARD, { reason: "Given up from the dashboard." }, "It is not going to be retried.")}
        question=${{ title: "Give this letter up?", text: "It is not retried any more, and goes by age." }}
      />
    `}
  `;
}

function factsOf(letter, source) {
  return [
    ["Source", html`${letter.source}${source && html`<span class="soft small"> ${source.purpose}</span>`}`],
    ["Key", letter.key],
    ["About", letter.entityId && html`<${EntityLink} type=${letter.entityType} id=${letter.entityId} />`],
    ["Construct", letter.constructId && html`<${EntityLink} type="construct" id=${letter.constructId} title=${letter.construct?.title} />`],
    ["Retried as", letter.retryEntityId && html`<${EntityLink} type=${letter.retryEntityType} id=${letter.retryEntityId} />`],
    ["Attempts before", count(letter.attempts)],
    ["Retries", source?.retriesMax ? `${count(letter.retries)} of ${count(source.retriesMax)}` : count(letter.retries)],
    ["First failed", html`<${Time} at=${letter.firstFailedAt} />`],
    ["Last failed", html`<${Time} at=${letter.lastFailedAt} />`],
    ["Next retry", letter.nextRetryAt && html`<${Time} at=${letter.nextRetryAt} />`],
    ["Edited", letter.editedAt && html`<${Time} at=${letter.editedAt} /> by ${letter.editedBy}`],
    ["Ended", letter.endedAt && html`<${Time} at=${letter.endedAt} /> by ${letter.endedBy}`],
    ["Resolution", letter.resolution && html`<${Plain} text=${letter.resolution} />`],
  ];
}

function Letter({ letter, source, reload }) {
  const [isEdited, setEdited] = useState(false);
  const isEditable = source?.isEditable ?? false;
  return html`
    <${Problem} error=${letter.error} />
    <div class="row letter-actions">
      <${Actions} letter=${letter} source=${source} reload=${reload} edit=${isEditable && !isEdited && (() => setEdited(true))} />
    </div>
    <div class="columns">
      <div>
        <${Panel} title=${isEdited ? "Edit and retry" : "Payload"}>
          ${isEdited
            ? html`<${Editor} letter=${letter} reload=${reload} close=${() => setEdited(false)} />`
            : html`<${Json} value=${letter.payload} />`}
        <//>
        ${letter.originalPayload !== null &&
        html`<${Panel} title="What was changed" aside="from the payload that failed first">
          <${Diff} before=${laidOut(letter.originalPayload)} after=${laidOut(letter.payload)} />
        <//>`}
        ${Object.keys(letter.error.details ?? {}).length > 0 &&
        html`<${Panel} title="Details of the error"><${Json} value=${letter.error.details} /><//>`}
        <${Panels} place="dead_letter" id=${letter.id} />
      </div>
      <${Panel} title="Facts"><${Facts} items=${factsOf(letter, source)} /><//>
    </div>
  `;
}

/** The page. */
export default function DeadLetter({ params }) {
  const { id } = params;
  const query = useQuery(ONE, { id }, { document: CHANGES, variables: { ids: [id] }, apply: () => RELOAD });
  const letter = query.data?.deadLetter;
  return html`<${Page}
    title=${letter ? letter.code : "Dead letter"}
    crumbs=${[["Dead letters", "/dead-letters"]]}
    badge=${letter && html`<${Status} value=${letter.status} />`}
    lead=${html`<code>${id}</code>`}
  >
    <${Loaded} query=${query}>
      ${(data) =>
        data.deadLetter === null
          ? html`<${Empty} title="There is no such letter" icon="dead-letters">It may have gone by age.<//>`
          : html`<${Letter}
              key=${data.deadLetter.id}
              letter=${data.deadLetter}
              source=${data.deadLetterSources.find(({ name }) => name === data.deadLetter.source)}
              reload=${query.reload}
            />`}
    <//>
  <//>`;
}
