// Follows the log with a client that other people wrote, over connections that are cut, and prints the positions.
//
//   node follow.mjs TRANSPORT URL TOKEN AFTER END
//
// TRANSPORT is `graphql-ws`, `graphql-sse` (each operation has its connection; resumes by Last-Event-ID) or
// `graphql-sse-single` (one connection for all; resumes by `after`). Each event is a line with its position; the last
// line says how often the client has connected. It ends with the event about the entity END.
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import WebSocket from "ws";

const [transport, url, token, after, end] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const request = {
  query: "subscription ($after: Position) { events(after: $after) { position entityId } }",
  variables: { after },
};
const again = () => new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 40));
let last = after;
let connections = 0;

const clients = {
  "graphql-ws": () =>
    createSocketClient({
      url: url.replace("http:", "ws:"),
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: again,
      on: { connected: () => connections++ },
    }),
  "graphql-sse": () =>
    createSseClient({
      url,
      headers: () => ({ authorization, "last-event-id": last }),
      retryAttempts: Infinity,
      retry: again,
      on: { connected: () => connections++ },
    }),
  "graphql-sse-single": () =>
    createSseClient({
      url,
      singleConnection: true,
      headers: () => ({ authorization }),
      retryAttempts: Infinity,
      retry: again,
      on: { connected: () => connections++ },
    }),
};

let client = clients[transport]();
await new Promise((resolve, reject) => {
  const subscribe = () =>
    client.subscribe(request, {
      next: (answer) => {
        if (answer.errors) {
          reject(new Error(JSON.stringify(answer.errors)));
          return;
        }
        const event = answer.data.events;
        last = event.position;
        // Over SSE with distinct connections `after` stays what it was: there Last-Event-ID says where to go on.
        if (transport !== "graphql-sse") request.variables.after = last;
        process.stdout.write(`${event.position}\n`);
        if (event.entityId === end) resolve();
      },
      // graphql-sse retries what it knows for a failure of the network. A connection that is cut before it waits for an
      // answer, or while it connects again, it takes for a mistake instead, and never connects again: make another.
      error: (error) => {
        if (transport === "graphql-ws") {
          reject(error);
          return;
        }
        client.dispose();
        client = clients[transport]();
        again().then(subscribe);
      },
      complete: () => reject(new Error("the server completed the subscription")),
    });
  subscribe();
});
process.stdout.write(`${connections}\n`);
process.exit(0);
