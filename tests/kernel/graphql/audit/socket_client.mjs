// Talks to a server with graphql-ws, the reference client of graphql-transport-ws, and prints what it got as JSON.
//
//   node socket_client.mjs URL TOKEN
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);

const all = async (client, query) => {
  const answers = [];
  for await (const answer of client.iterate({ query })) {
    answers.push(answer);
  }
  return answers;
};

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${token}` },
});
const heard = {
  query: await all(client, '{ echo(text: "a query") }'),
  mutation: await all(client, 'mutation { keep(input: { text: "by graphql-ws" }) }'),
  subscription: await all(client, "subscription { ticks(count: 3) }"),
  refused: await all(client, "{ nothing }").catch((errors) => errors.map((error) => error.extensions.code)),
};
const silence = client.iterate({ query: "subscription { silence }" });
heard.first = (await silence.next()).value;
await silence.return();
await client.dispose();

const stranger = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: {} });
heard.stranger = await all(stranger, "{ __typename }").catch((event) => event.code);
console.log(JSON.stringify(heard));
