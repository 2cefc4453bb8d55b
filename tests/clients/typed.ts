// What front ends write with the generated types; `tsc --noEmit` says whether they are what the schema promises.
import type { Construct, ConstructEdge, Maybe, Scalars, SaveJobInput } from "./generated/schema.ts";
import type {
  AnythingQuery,
  ConstructsQuery,
  ConstructsQueryVariables,
  NotesSubscription,
  SaveMutationVariables,
  WorkFragment,
} from "./generated/operations.ts";
import type { fleet_work$data } from "./relay/typescript/fleet_work.graphql.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => undefined;

// Scalars, and what may be null.
holds<Same<Scalars["DateTime"]["output"], string>>();
holds<Same<Construct["title"], string>>();
holds<Same<NonNullable<Construct["endedAt"]>, string>>();
holds<null extends Construct["endedAt"] ? true : false>();
holds<Same<ConstructEdge["node"]["id"], string>>();
holds<Same<Construct["status"], WorkFragment["status"]>>();
holds<Same<WorkFragment["endedAt"], string | null>>();
holds<Same<fleet_work$data["status"], WorkFragment["status"]>>();
holds<Same<fleet_work$data["endedAt"], string | null | undefined>>();

// A page is a list of edges that are there, and of what they hold.
export function titles(answer: ConstructsQuery): string[] {
  return answer.constructs.edges.map(({ node }) => `${node.title} (${node.activity.sessions})`);
}

// What has a default may be left out, and what has none may not.
export const firstPage: ConstructsQueryVariables = { first: 10 };
export const change: SaveMutationVariables = { input: { id: "x", metadata: { any: ["thing"] }, description: null } };
// @ts-expect-error: the size of a page is a number
export const wrongPage: ConstructsQueryVariables = { first: "10" };
// @ts-expect-error: no status that the schema knows
export const wrongChange: SaveMutationVariables = { input: { status: "DONE" } };
export const job: Partial<SaveJobInput> = { kind: "build" };

// An interface is a union that its type names tell apart.
export function named(answer: AnythingQuery): Maybe<string> {
  switch (answer.node?.__typename) {
    case "Construct":
      return answer.node.title;
    case "Session":
      return answer.node.construct?.title ?? answer.node.agent;
    case "Job":
      return answer.node.kind;
    default:
      return null;
  }
}

export const entity = (answer: NotesSubscription): string => answer.events.entityId;
