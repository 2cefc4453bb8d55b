// urql: its normalised cache, pages, mutation, errors, persisted queries and subscriptions. `node urql.mjs URL TOKEN`
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { persistedExchange } from "@urql/exchange-persisted";
import { getIntrospectionQuery } from "graphql";
import { createClient as createStreamClient } from "graphql-sse";
import {
  countingFetch,
  cuttable,
  document,
  followNotes,
  headers,
  report,
  requests,
  token,
  url,
} from "./workbench.mjs";

const send = (query, given = headers) =>
  fetch(url, {
    method: "POST",
    headers: { ...given, "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
const schema = (await (await send(getIntrospectionQuery({ descriptions: false }))).json()).data;

const withoutKey = () => null;
const cache = () =>
  cacheExchange({
    schema,
    keys: { ConstructActivity: withoutKey, ModelUsage: withoutKey, ModuleSyncStatus: (status) => status.module },
    resolvers: { Query: { constructs: relayPagination() } },
  });
const connect = (exchanges, given = headers) =>
  new Client({ url, fetch: countingFetch, fetchOptions: { headers: given }, exchanges, preferGetMethod: false });
const client = connect([cache(), fetchExchange]);

/** What a query has once it is settled. */
const asked = (name, variables, using = client) => using.query(document(name), variables).toPromise();

// Pages: each is asked for by the cursor of the one before; the cache joins them.
let after = null;
let found;
let pages = 0;
do {
  found = await asked("Constructs", { first: 4, after });
  if (found.error) throw found.error;
  const [last] = found.data.constructs.edges.slice(-1);
  after = last.cursor;
  pages += 1;
} while (found.data.constructs.pageInfo.hasNextPage);
const { constructs } = found.data;
const paged = { pages, total: constructs.totalCount, nodes: constructs.edges.map((edge) => edge.node) };

// A mutation's payload changes what is in the cache, by the id of what it returns.
const [first] = paged.nodes;
const input = { id: first.id, ifVersion: first.version, title: "Renamed by urql", metadata: { by: ["urql", 1, null] } };
const saved = await client.mutation(document("Save"), { input }).toPromise();
const cached = client.readQuery(document("Constructs"), { first: 4, after: null });
const renamed = cached.data.constructs.edges[0].node;

// Fragments on an interface.
const session = first.sessions.edges[0].node.id;
const anything = [];
for (const id of [first.id, `Session:${session}`]) anything.push((await asked("Anything", { id })).data.node);

// Errors.
const codes = ({ error }) =>
  error ? error.graphQLErrors.map((each) => each.extensions.code) : "no error";
const save = (input, using = client) => using.mutation(document("Save"), { input }).toPromise();
const partly = await asked("Faults", { good: first.id, bad: session });
const errors = {
  stale: codes(await save({ id: first.id, ifVersion: first.version, title: "Late" })),
  variables: codes(await save({ id: 5.5 })),
  stranger: codes(await save({ id: "x" }, connect([fetchExchange], { authorization: `Bearer ${token}x` }))),
  partly: { data: partly.data, codes: codes(partly) },
};

// Persisted queries: the first time by hash, then with the text, and by hash alone from then on.
const persisted = {};
for (const preferGetForPersistedQueries of [true, false]) {
  const from = requests.length;
  const results = [];
  for (let time = 0; time < 2; time += 1) {
    const using = connect([persistedExchange({ preferGetForPersistedQueries }), fetchExchange]);
    const result = preferGetForPersistedQueries
      ? await asked("Fares", {}, using)
      : await asked("Constructs", { first: 2 }, using);
    results.push(Object.keys(result.data));
  }
  persisted[preferGetForPersistedQueries ? "get" : "post"] = { found: results, requests: requests.slice(from) };
}

// Subscriptions: over a socket by hash, and over streams. (urql takes the end of the stream that answers an unknown
// hash for the end of its operation, and then subscribes twice with the text: it would be told everything twice.)
const follow = (prefix, wire, exchanges, forward) => {
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: forward({ ...request, variables: { ...request.variables } }, sink) }),
  });
  const using = connect([...exchanges, subscriptionExchange({ forwardSubscription })]);
  return followNotes(prefix, wire, (after, next) => {
    const subscription = using
      .subscription(document("Notes"), { after })
      .subscribe(({ data, error }) => next(error ? { events: { entityId: String(error) } } : data));
    return () => subscription.unsubscribe();
  });
};
const wire = cuttable();
const sent = [];
const bySocket = await follow(
  "urql-socket",
  wire,
  [persistedExchange({ enableForSubscriptions: true })],
  (request, sink) => {
    sent.push({ text: Boolean(request.query), hash: Boolean(request.extensions?.persistedQuery) });
    // graphql-ws insists on a string, be it empty.
    request.query ??= "";
    const next = (answer) => {
      // What is sent again when the connection comes back goes on from here.
      if (answer.data) request.variables.after = answer.data.events.position;
      sink.next(answer);
    };
    return wire.client.subscribe(request, { ...sink, next });
  },
);
const streams = createStreamClient({ url, headers });
const byStream = await follow("urql-stream", null, [], (request, sink) => streams.subscribe(request, sink));

report({ paged, saved: saved.data, renamed, anything, errors, persisted, followed: { bySocket, byStream, sent } });
