// Relay's runtime on what relay-compiler has made: connections, mutation, errors, refetching and subscriptions.
// `node relay.mjs URL TOKEN`
import { createRequire } from "node:module";
import runtime from "relay-runtime";
import { countingFetch, cuttable, followNotes, headers, report, url } from "./workbench.mjs";

const require = createRequire(import.meta.url);
const artifact = (name) => require(`./relay/javascript/${name}.graphql`);
const {
  commitMutation,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getSingularSelector,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} = runtime;

const wire = cuttable();

async function send({ text: query }, variables) {
  const response = await countingFetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/graphql-response+json" },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

const follow = ({ text: query }, given) =>
  Observable.create((sink) => {
    const request = { query, variables: { ...given } };
    const next = (answer) => {
      // What is sent again when the connection comes back goes on from here.
      request.variables.after = answer.data.events.position;
      sink.next(answer);
    };
    return wire.client.subscribe(request, { ...sink, next });
  });

const environment = new Environment({
  network: Network.create(send, follow),
  store: new Store(new RecordSource()),
  // Ids are unique among the entities of one kind.
  getDataID: ({ id }, type) => id && `${type}:${id}`,
  requiredFieldLogger: (event) => console.error("required field", event),
  relayFieldLogger: (event) => event.kind && console.error("field", JSON.stringify(event)),
});

/** Fetch a query and keep what it has brought; what can be read with it. */
async function fetched(name, variables) {
  const query = artifact(name);
  const operation = createOperationDescriptor(query, variables);
  environment.retain(operation);
  await fetchQuery(environment, query, variables, { fetchPolicy: "network-only" }).toPromise();
  return environment.lookup(operation.fragment).data;
}

const read = (fragment, key) => environment.lookup(getSingularSelector(artifact(fragment), key)).data;

// Pages, as usePaginationFragment asks for them: Relay joins them in the connection's record.
const root = await fetched("fleetQuery", { first: 4 });
let { constructs } = read("fleet_constructs", root);
let pages = 1;
while (constructs.pageInfo.hasNextPage) {
  await fetched("fleetConstructsPaginationQuery", { first: 4, after: constructs.pageInfo.endCursor });
  constructs = read("fleet_constructs", root).constructs;
  pages += 1;
}
const works = constructs.edges.map((edge) => read("fleet_work", edge.node));
const paged = { pages, total: constructs.totalCount, nodes: works };

// A mutation: what exists changes in the store, and what is new is appended to the connection.
const save = (input) =>
  new Promise((resolve) => {
    commitMutation(environment, {
      mutation: artifact("fleetSaveMutation"),
      variables: { input, connections: [constructs.__id] },
      onCompleted: (answer, errors) =>
        resolve({ created: answer.saveConstruct?.created, codes: errors?.map((error) => error.extensions.code) }),
      onError: ({ source, message }) =>
        resolve({ codes: source?.errors.map((error) => error.extensions.code) ?? [message] }),
    });
  });
const [first] = works;
const saved = {
  old: await save({ id: first.id, ifVersion: first.version, title: "Renamed by Relay" }),
  new: await save({ id: "made-by-relay", type: "plan", title: "Made by Relay" }),
};
const after = read("fleet_constructs", root).constructs.edges.map((edge) => read("fleet_work", edge.node));
const titles = after.map((work) => work.title);

// Refetching a fragment on a node, with the next page of a connection in it.
await fetched("fleetWorkRefetchQuery", {
  id: first.id,
  count: 1,
  cursor: first.sessions.pageInfo.endCursor,
});
const [again] = read("fleet_constructs", root).constructs.edges.map((edge) => read("fleet_work", edge.node));
const sessions = again.sessions.edges.map((edge) => edge.node.id);
const { node } = await fetched("fleetNodeQuery", { id: `Session:${sessions[0]}` });

// Errors.
const failure = (promise) => promise.then(() => "no error", (error) => error.source.errors[0].extensions.code);
const errors = {
  stale: await save({ id: first.id, ifVersion: first.version, title: "Late" }),
  variables: await save({ id: 5.5 }),
  query: await failure(fetched("fleetQuery", { first: 5_000 })),
};

// Subscriptions.
const followed = await followNotes("relay", wire, (after, next) => {
  const { dispose } = requestSubscription(environment, {
    subscription: artifact("fleetNotesSubscription"),
    variables: { after },
    onNext: next,
    onError: (error) => next({ events: { entityId: String(error) } }),
  });
  return dispose;
});

report({ paged, saved, titles, sessions, node, errors, followed });
