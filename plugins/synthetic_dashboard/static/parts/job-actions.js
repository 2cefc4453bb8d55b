// What an operator does to jobs: retry, cancel, run anew; to one, to those that are picked, to all that fit a filter.

import { html } from "../view.js";
import { ask, gql, may } from "../graphql.js";
import { go } from "../router.js";
import { ActionButton } from "./action.js";
import { plural } from "./number.js";
import { Status } from "./status.js";

const RETRY = gql`
  mutation RetryJob($input: RetryJobInput!) {
    retryJob(input: $input) { job { id } }
  }
`;

const CANCEL = gql`
  mutation CancelJob($input: CancelJobInput!) {
    cancelJob(input: $input) { job { id status } }
  }
`;

const REPLAY = gql`
  mutation ReplayJob($input: ReplayJobInput!) {
    replayJob(input: $input) { job { id } }
  }
`;

const RETRY_MANY = gql`
  mutation RetryJobs($input: RetryJobsInput!) {
    retryJobs(input: $input) { matched changed complete }
  }
`;

const CANCEL_MANY = gql`
  mutation CancelJobs($input: CancelJobsInput!) {
    cancelJobs(input: $input) { matched changed complete }
  }
`;

const ENDED = new Set(["COMPLETED", "FAILED", "CANCELLED"]);
const CANCEL_TEXT = "What nobody runs is cancelled at once. A job that runs is cancelled when its worker hears of it.";

/** The buttons for one job; `done` is called after each. */
export function JobActions({ job, done }) {
  const run = (document, input, said) => async () => {
    await ask(document, { input: { id: job.id, ...input } });
    done();
    return said;
  };
  const replay = (fromStart) => async () => {
    const { replayJob } = await ask(REPLAY, { input: { id: job.id, fromStart } });
    go(["jobs", replayJob.job.id]);
    return "A new job was made; this is it.";
  };
  const hasEnded = ENDED.has(job.status);
  const isTold = job.status === "RUNNING" && job.cancelRequestedAt;
  return html`
    ${(job.status === "FAILED" || job.status === "CANCELLED") &&
    html`<${ActionButton} label="Retry" kind="primary" icon="retry" run=${run(RETRY, {}, "The job got another attempt.")} />`}
    ${hasEnded &&
    html`<${ActionButton}
        label="Run anew"
        icon="play"
        question=${{ title: "Make a new job with the same content?", text: "This one stays as it is." }}
        run=${replay(true)}
      />
      ${job.checkpoints?.length > 0 &&
      html`<${ActionButton} label="Run anew from the last checkpoint" icon="play" run=${replay(false)} />`}`}
    ${!hasEnded &&
    !isTold &&
    html`<${ActionButton}
      label="Cancel"
      kind="danger"
      icon="stopped"
      question=${{ title: "Cancel this job?", text: CANCEL_TEXT, action: "Cancel the job" }}
      run=${run(CANCEL, {}, job.status === "RUNNING" ? "Its worker is told to stop." : "The job is cancelled.")}
    />`}
    ${isTold &&
    html`<${ActionButton}
      label="Cancel by force"
      kind="danger"
      icon="stopped"
      question=${{
        title: "Cancel without waiting for the worker?",
        text: "It is cancelled at once. The worker finds its lease lost, and what it does after that is not stored.",
      }}
      run=${run(CANCEL, { force: true }, "The job is cancelled.")}
    />`}
  `;
}

function question(document, field, verb, input) {
  return async () => {
    const { [field]: found } = await ask(document, { input: { ...input, dryRun: true } });
    return {
      title: found.matched === 0 ? `There is nothing to ${verb}` : `${verb[0].toUpperCase()}${verb.slice(1)} ${plural(found.matched, "job")}?`,
      text:
        found.matched === 0
          ? "None of these jobs is in a status from which that can be done."
          : verb === "cancel"
            ? CANCEL_TEXT
            : "They go on from their last checkpoints.",
    };
  };
}

/**
 * A row of buttons for the jobs in the signal `picked` or, when none is picked, for all that fit `filter`;
 * `done` is called after each.
 */
export function BulkJobs({ picked, filter, done }) {
  if (!may("write")) {
    return null;
  }
  const ids = [...picked.value];
  const target = (statuses) => (ids.length > 0 ? { ids } : { statuses, ...filter });
  const many = (document, field, verb, past, statuses) => {
    const input = { filter: target(statuses) };
    return {
      question: question(document, field, verb, input),
      run: async () => {
        const { [field]: result } = await ask(document, { input });
        picked.value = new Set();
        done();
        return `${plural(result.changed, "job")} ${past}${result.complete ? "." : "; there are more, so press again."}`;
      },
    };
  };
  const retry = many(RETRY_MANY, "retryJobs", "retry", "got another attempt", ["FAILED"]);
  const cancel = many(CANCEL_MANY, "cancelJobs", "cancel", "cancelled or told to stop", ["PENDING", "RUNNING", "WAITING"]);
  const whose = ids.length > 0 ? `${plural(ids.length, "job")} picked` : filter === null ? "All jobs" : "All that fit the filters";
  return html`<div class="bulk" role="group" aria-label="What to do to several jobs">
    <span>${whose}</span>
    <${ActionButton} label=${ids.length === 0 && !filter?.statuses ? "Retry failed" : "Retry"} icon="retry" small ...${retry} />
    <${ActionButton} label="Cancel" icon="stopped" kind="danger" small ...${cancel} />
    ${ids.length > 0 &&
    html`<button type="button" class="button quiet small" onClick=${() => (picked.value = new Set())}>Pick none</button>`}
  </div>`;
}

/** A job in one line: its kind, a link to it, and its status. */
export function JobLine({ job, address }) {
  return html`<span class="row"><a href=${address}>${job.kind}</a><${Status} value=${job.status} /></span>`;
}
