// What the scripts about single clients share: the operations, the server's address, a socket that is cut, a report.
import { readFileSync } from "node:fs";
import { format } from "node:util";
import { parse, print, separateOperations } from "graphql";
import { createClient as createSocketClient } from "graphql-ws";
import WebSocket from "ws";

export const [url, token] = process.argv.slice(2);
export const headers = { authorization: `Bearer ${token}` };

const operations = separateOperations(parse(readFileSync(new URL("operations.graphql", import.meta.url), "utf8")));

/** The document of one operation, with the fragments that it needs. */
export const document = (name) => operations[name];

/** Warnings and errors that the libraries have written to the console. */
export const complaints = [];
for (const level of ["warn", "error"]) console[level] = (...said) => complaints.push(format(...said));

/** Each request that went through `countingFetch`, as what matters of it. */
export const requests = [];

/** fetch, with a note of how the document was sent: by its text, by its hash, or by both. */
export async function countingFetch(input, init) {
  const method = init?.method ?? "GET";
  const parameters =
    method === "GET" ? Object.fromEntries(new URL(input).searchParams) : JSON.parse(init?.body || "{}");
  const response = await fetch(input, init);
  requests.push({
    method,
    text: Boolean(parameters.query),
    hash: JSON.stringify(parameters.extensions ?? "").includes("sha256Hash"),
    status: response.status,
    type: response.headers.get("content-type").split(";")[0],
  });
  return response;
}

/** An operation by plain HTTP, for what a script does beside the client that it is about. */
export async function ask(name, variables) {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ query: print(document(name)), variables }),
  });
  const answer = await response.json();
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer;
}

/** A graphql-ws client whose connection can be cut; it connects again when it is let. */
export function cuttable() {
  let socket;
  let connections = 0;
  let mayConnect = Promise.resolve();
  const client = createSocketClient({
    url: url.replace("http:", "ws:"),
    webSocketImpl: WebSocket,
    connectionParams: headers,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => mayConnect,
    on: {
      connected: (opened) => {
        socket = opened;
        connections += 1;
      },
    },
  });
  return {
    client,
    count: () => connections,
    /** Cut the connection; the client stays away until something has been done. */
    cutWhile(work) {
      mayConnect = work();
      socket.terminate();
      return mayConnect;
    },
  };
}

/**
 * Follow notes by a client while its connection is cut: two are made before, two while it is away, one after.
 *
 * `subscribe(after, next)` subscribes to `Notes`, hands on each of the answers' data, and returns what ends it. Which
 * entities the client was told of is the result.
 */
export async function followNotes(prefix, wire, subscribe) {
  const told = [];
  const { extensions } = await ask("Fares", {});
  let arrived;
  const next = (data) => {
    told.push(data.events);
    arrived?.();
  };
  const until = (count) =>
    new Promise((resolve) => {
      arrived = () => told.length >= count && resolve();
      arrived();
    });
  const make = (number) => ask("Emit", { entity: `${prefix}-${number}` });
  const end = subscribe(extensions.position, next);
  await make(1);
  await make(2);
  await until(2);
  if (wire) await wire.cutWhile(async () => [await make(3), await make(4)]);
  await make(5);
  await until(wire ? 5 : 3);
  end();
  return { entities: told.map((event) => event.entityId), payload: told[0].payload, connections: wire?.count() };
}

/** Print what came of it and end, whatever connections are still open. */
export function report(found) {
  process.stdout.write(JSON.stringify({ ...found, complaints, requests }), () => process.exit(0));
}
