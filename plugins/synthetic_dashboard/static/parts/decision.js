// One approval: what is asked for, exactly, how it differs from the last time, and the decision.

import { html, useState } from "../view.js";
import { ask, gql, may } from "../graphql.js";
import { RELOAD, useQuery } from "../live.js";
import { ActionButton } from "./action.js";
import { Arguments } from "./arguments.js";
import { Diff } from "./diff.js";
import { Empty } from "./empty.js";
import { EntityLink } from "./entity.js";
import { Loaded } from "./loaded.js";
import { Facts, Panel } from "./page.js";
import { Panels } from "./panels.js";
import { Status } from "./status.js";
import { Plain } from "./text.js";
import { Time } from "./time.js";

const ONE = gql`
  query ApprovalDetail($id: ID!) {
    approval(id: $id) {
      id tool arguments argumentsSha256 requester requestedBy reason onRefusal requestedAt expiresAt status
      decidedBy decider decidedAt comment endedAt constructId sessionId jobId
      construct { id title }
    }
  }
`;

const EARLIER = gql`
  query EarlierApproval($tool: String!, $constructId: ID, $before: DateTime!) {
    approvals(
      filter: { tools: [$tool], statuses: [APPROVED], constructId: $constructId, requestedBefore: $before }
      orderBy: REQUESTED_AT_DESC
      first: 1
    ) {
      nodes { id arguments decidedAt decider decidedBy }
    }
  }
`;

const CHANGES = gql`
  subscription ApprovalDetailChanges($after: Position, $ids: [ID!]) {
    approvals(after: $after, filter: { ids: $ids }) { position approvalId type }
  }
`;

const DECIDE = gql`
  mutation Decide($input: DecideApprovalInput!) {
    decideApproval(input: $input) { approval { id status } }
  }
`;

const CANCEL = gql`
  mutation Withdraw($input: CancelApprovalInput!) {
    cancelApproval(input: $input) { approval { id status } }
  }
`;

const ON_REFUSAL = { FAIL: "its job fails", RESUME: "its job goes on and is told" };

const laidOut = (value) => JSON.stringify(value, null, 2);

/** What is different from the last call of the tool that somebody has approved. */
function SinceThen({ approval }) {
  const earlier = useQuery(EARLIER, {
    tool: approval.tool,
    constructId: approval.constructId,
    before: approval.requestedAt,
  });
  const last = earlier.data?.approvals.nodes[0];
  if (!last) {
    return null;
  }
  return html`<details>
    <summary>What differs from the last one that was approved here (<${Time} at=${last.decidedAt} />)</summary>
    <${Diff} before=${laidOut(last.arguments)} after=${laidOut(approval.arguments)} />
  </details>`;
}

function Decide({ approval, reload }) {
  const [comment, setComment] = useState("");
  const decide = async (decision, said) => {
    const { id, argumentsSha256 } = approval;
    await ask(DECIDE, { input: { id, decision, argumentsSha256, comment: comment.trim() || null } });
    reload();
    return `${approval.tool}: ${said}.`;
  };
  const withdraw = async () => {
    await ask(CANCEL, { input: { id: approval.id, reason: comment.trim() || null } });
    reload();
    return `${approval.tool}: withdrawn.`;
  };
  if (!may("write")) {
    return html`<p class="soft">This token may only read: a decision needs the scope admin.</p>`;
  }
  return html`<div class="stack">
    <label class="field"
      ><span>Comment, for whoever asked (optional)</span>
      <textarea class="textarea short" rows="2" value=${comment} onInput=${(event) => setComment(event.currentTarget.value)}></textarea>
    </label>
    <div class="row">
      <${ActionButton} label="Approve" kind="primary" icon="good" scope="admin" run=${() => decide("APPROVED", "approved")} />
      <${ActionButton} label="Reject" kind="danger" icon="bad" scope="admin" run=${() => decide("REJECTED", "rejected")} />
      <${ActionButton}
        label="Withdraw"
        kind="quiet"
        run=${withdraw}
        question=${{ title: "Withdraw this request?", text: "Nobody can decide it any more." }}
      />
      ${!may("admin") && html`<span class="soft small">Deciding needs a token with the scope admin.</span>`}
    </div>
  </div>`;
}

/** The approval with this id. */
export function Decision({ id }) {
  const query = useQuery(ONE, { id }, { document: CHANGES, variables: { ids: [id] }, apply: () => RELOAD });
  return html`<${Loaded} query=${query}>
    ${({ approval }) =>
      approval === null
        ? html`<${Panel}><${Empty} title="There is no such approval" icon="approvals">It may have been deleted.<//><//>`
        : html`<${Shown} approval=${approval} reload=${query.reload} />`}
  <//>`;
}

function Shown({ approval, reload }) {
  const isPending = approval.status === "PENDING";
  return html`<div>
    <${Panel} title=${html`<${Plain} text=${approval.tool} />`} actions=${html`<${Status} value=${approval.status} />`}>
      <div class="stack">
        ${approval.reason && html`<p><${Plain} text=${approval.reason} /></p>`}
        <${Arguments} value=${approval.arguments} />
        <${SinceThen} approval=${approval} />
        ${isPending && html`<${Decide} approval=${approval} reload=${reload} />`}
        <${Facts}
          items=${[
            ["Asked by", approval.requester ? `${approval.requester} (token ${approval.requestedBy})` : approval.requestedBy],
            ["Asked", html`<${Time} at=${approval.requestedAt} />`],
            isPending ? ["Lapses", html`<${Time} at=${approval.expiresAt} />`] : ["Ended", html`<${Time} at=${approval.endedAt} />`],
            ["If refused", ON_REFUSAL[approval.onRefusal]],
            ["Decided by", approval.decider ?? approval.decidedBy],
            ["Comment", approval.comment && html`<${Plain} text=${approval.comment} />`],
            ["Construct", approval.constructId && html`<${EntityLink} type="construct" id=${approval.constructId} title=${approval.construct?.title} />`],
            ["Session", approval.sessionId && html`<${EntityLink} type="session" id=${approval.sessionId} />`],
            ["Job", approval.jobId && html`<${EntityLink} type="job" id=${approval.jobId} />`],
            ["SHA-256", html`<code class="small">${approval.argumentsSha256}</code>`],
          ]}
        />
      </div>
    <//>
    <${Panels} place="approval" id=${approval.id} />
  </div>`;
}
