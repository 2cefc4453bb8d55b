// Apollo Client: cache, pages, mutation, errors, persisted queries and subscriptions. `node apollo.mjs URL TOKEN`
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, ServerError } from "@apollo/client";
import { loadDevMessages, loadErrorMessages } from "@apollo/client/dev";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { buildSchema } from "graphql";
import { readFileSync } from "node:fs";
import { tap } from "rxjs";
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

loadDevMessages();
loadErrorMessages();

const schema = buildSchema(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));
const node = schema.getPossibleTypes(schema.getType("Node")).map((type) => type.name);
const cache = () =>
  new InMemoryCache({
    possibleTypes: { Node: node },
    typePolicies: { Query: { fields: { constructs: relayStylePagination() } } },
  });
const http = (given = headers) => new HttpLink({ uri: url, headers: given, fetch: countingFetch });
const client = new ApolloClient({ cache: cache(), link: http() });
const nodes = (data) => data.constructs.edges.map((edge) => edge.node);

// Pages: one query is watched, and fetched on until there is no more.
const watched = client.watchQuery({ query: document("Constructs"), variables: { first: 4 } });
let watching;
let pages = 0;
const data = await new Promise((resolve, reject) => {
  watching = watched.subscribe(({ loading, error, data }) => {
    if (error) reject(error);
    if (loading || error) return;
    pages += 1;
    const { hasNextPage, endCursor } = data.constructs.pageInfo;
    if (hasNextPage) watched.fetchMore({ variables: { after: endCursor } }).catch(reject);
    else resolve(data);
  });
});
const paged = { pages, total: data.constructs.totalCount, nodes: nodes(data) };

// A mutation's payload changes the watched query, by the id of what it returns.
const [first] = nodes(data);
const saved = await client.mutate({
  mutation: document("Save"),
  variables: {
    input: {
      id: first.id,
      ifVersion: first.version,
      title: "Renamed by Apollo",
      metadata: { by: ["apollo", 1, null] },
    },
  },
});
const renamed = nodes(client.readQuery({ query: document("Constructs"), variables: { first: 4 } }))[0];
watching.unsubscribe();

// Fragments on an interface.
const anything = [];
for (const id of [first.id, `Session:${first.sessions.edges[0].node.id}`]) {
  anything.push((await client.query({ query: document("Anything"), variables: { id } })).data.node);
}

// Errors.
const codes = (error) =>
  CombinedGraphQLErrors.is(error)
    ? error.errors.map((each) => each.extensions.code)
    : ServerError.is(error)
      ? [error.statusCode, JSON.parse(error.bodyText).errors[0].extensions.code]
      : [String(error)];
const refusal = (promise) => promise.then(() => "no error", codes);
const partly = await client.query({
  query: document("Faults"),
  variables: { good: first.id, bad: first.sessions.edges[0].node.id },
  errorPolicy: "all",
});
const save = (input, using = client) => refusal(using.mutate({ mutation: document("Save"), variables: { input } }));
const errors = {
  stale: await save({ id: first.id, ifVersion: first.version, title: "Late" }),
  variables: await save({ id: 5.5 }),
  stranger: await save({ id: "x" }, new ApolloClient({ cache: cache(), link: http({ authorization: `${token}x` }) })),
  partly: { data: partly.data, codes: codes(partly.error) },
};

// Persisted queries: the first time by hash, then with the text, and by hash alone from then on.
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const persisting = (options) =>
  new ApolloClient({ cache: cache(), link: new PersistedQueryLink({ sha256, ...options }).concat(http()) });
const persisted = {};
for (const useGETForHashedQueries of [true, false]) {
  const query = document(useGETForHashedQueries ? "Fares" : "Constructs");
  const variables = useGETForHashedQueries ? {} : { first: 2 };
  const found = [];
  const from = requests.length;
  for (const using of [persisting({ useGETForHashedQueries }), persisting({ useGETForHashedQueries })]) {
    found.push(Object.keys((await using.query({ query, variables })).data));
  }
  persisted[useGETForHashedQueries ? "get" : "post"] = { found, requests: requests.slice(from) };
}

// Subscriptions: graphql-ws sends the variables of the operation as they are when it connects again.
const wire = cuttable();
const resuming = new ApolloLink((operation, forward) =>
  forward(operation).pipe(tap(({ data }) => (operation.variables.after = data.events.position))),
);
const live = new ApolloClient({
  cache: cache(),
  // Over a socket the link sends the text as well as the hash.
  link: ApolloLink.from([new PersistedQueryLink({ sha256 }), resuming, new GraphQLWsLink(wire.client)]),
});
const followed = await followNotes("apollo", wire, (after, next) => {
  const subscription = live
    .subscribe({ query: document("Notes"), variables: { after } })
    .subscribe(({ data, error }) => next(error ? { events: { entityId: String(error) } } : data));
  return () => subscription.unsubscribe();
});

report({ paged, saved: saved.data, renamed, anything, errors, persisted, followed });
