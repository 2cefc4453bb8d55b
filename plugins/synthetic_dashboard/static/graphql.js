// The one module that talks to GraphQL. Queries and mutations go over HTTP,
// subscriptions over the socket (socket.js). Everything fails with a
// `ContractError`, whatever went wrong.

import { signal } from "./view.js";
import { authorization } from "./token.js";
import { Socket } from "./socket.js";

const ENDPOINT = "/graphql";
const ANSWER_TYPES = "application/graphql-response+json, application/json;q=0.9";

/** Marks a text as a GraphQL document. The tests check every one against the schema, so nothing is interpolated. */
export const gql = ([text]) => text;

/** An error in the contract's shape: code, message, recoverable, retryAfterMs, action, details, correlationId. */
export class ContractError extends Error {
  constructor(contract) {
    super(contract.message);
    this.name = "ContractError";
    this.code = contract.code;
    this.recoverable = contract.recoverable ?? false;
    this.retryAfterMs = contract.retryAfterMs ?? null;
    this.action = contract.action ?? null;
    this.details = contract.details ?? {};
    this.correlationId = contract.correlationId ?? null;
    this.occurredAt = contract.occurredAt ?? new Date().toISOString();
  }

  /** The error that a list of GraphQL errors stands for: its first. */
  static of(errors) {
    const first = errors[0];
    return new ContractError({ code: "UNKNOWN", message: first.message, ...first.extensions });
  }
}

/** Who is calling: `{name, scopes, expiresAt}` once it is known, else null. */
export const viewer = signal(null);

/** Why a token is asked for, or null while none is needed. */
export const tokenWanted = signal(null);

/** Whether the caller's token may do this: "read", "write" or "admin". */
export function may(scope) {
  return viewer.value?.scopes.includes(scope.toUpperCase()) ?? false;
}

const socket = new Socket({
  url: () => `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${ENDPOINT}`,
  authorization,
  errorOf: ContractError.of,
  refused: () => {
    tokenWanted.value = "The server does not accept this token any more. It may have expired or been revoked.";
  },
});

/** How the live connection fares: `{state: "idle" | "connecting" | "live" | "lost", since, retryAt}`. */
export const connection = socket.state;

/** Try the connection at once instead of waiting for the next attempt. */
export const reconnect = () => socket.retryNow();

/** Open the live connection, or open it anew with another token. */
export const openConnection = () => socket.open();

/** Close the live connection for good. */
export const closeConnection = () => socket.close();

/**
 * Run a query or a mutation.
 *
 * `options.atLeast` is a position that the answer must have come to; `options.signal` gives it up.
 * Returns `{data, position, notices}`; throws `ContractError`.
 */
export async function answer(document, variables = {}, options = {}) {
  const headers = { "Content-Type": "application/json", Accept: ANSWER_TYPES };
  if (authorization() !== null) {
    headers.Authorization = authorization();
  }
  const body = { query: document, variables };
  if (options.atLeast) {
    body.extensions = { atLeast: options.atLeast };
  }
  let response;
  try {
    response = await fetch(ENDPOINT, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: options.signal,
    });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw unreachable();
  }
  const said = await response.json().catch(() => null);
  if (response.status === 401) {
    tokenWanted.value = authorization() ? "The server does not know this token." : "This server wants a token.";
  }
  if (said?.errors?.length) {
    throw ContractError.of(said.errors);
  }
  if (!said?.data) {
    throw refusal(response, said);
  }
  return { data: said.data, position: said.extensions?.position ?? null, notices: said.extensions?.notices ?? [] };
}

/** Like `answer`, and returns the data alone. */
export async function ask(document, variables, options) {
  return (await answer(document, variables, options)).data;
}

/** The bytes of an artifact as a Blob, by its `url`: the one thing that does not come through GraphQL. */
export async function fetchBytes(url) {
  const headers = authorization() === null ? {} : { Authorization: authorization() };
  let response;
  try {
    response = await fetch(url, { headers, credentials: "omit" });
  } catch {
    throw unreachable();
  }
  if (!response.ok) {
    throw refusal(response, await response.json().catch(() => null));
  }
  return response.blob();
}

/**
 * Follow a subscription until the returned function is called.
 *
 * Interruptions are none of the caller's business: the socket connects again and resumes after the position of the
 * last answer, so that nothing is missed or comes twice. `handlers`: `next(data, position)`; `resync()` when the
 * position cannot be followed any more (query anew, then follow from there); `failed(error)` when it ended for good.
 */
export function follow(document, variables, after, handlers) {
  return socket.follow({ document, variables, after, ...handlers });
}

// What stands outside GraphQL answers with the contract itself; a proxy in between with anything.
function refusal(response, said) {
  return new ContractError({
    code: "UNEXPECTED_ANSWER",
    message: `The server answered with the status ${response.status} and no data.`,
    recoverable: response.status >= 500,
    action: "Try again; if it stays so, look into the server's log.",
    ...said,
  });
}

function unreachable() {
  return new ContractError({
    code: "UNREACHABLE",
    message: "The server cannot be reached.",
    recoverable: true,
    action: "See whether `synthetic serve` is running, then try again.",
  });
}
