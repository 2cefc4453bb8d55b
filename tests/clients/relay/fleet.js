// What components of a page about the fleet would say. relay-compiler reads it; nothing runs it.
const { graphql } = require("relay-runtime");

graphql`
  query fleetQuery($first: Int!) {
    ...fleet_constructs @arguments(first: $first)
  }
`;

graphql`
  fragment fleet_constructs on Query
  @refetchable(queryName: "fleetConstructsPaginationQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 4 }, after: { type: "String" }) {
    constructs(first: $first, after: $after, orderBy: CREATED_AT_ASC) @connection(key: "fleet_constructs") {
      __id
      totalCount
      edges {
        cursor
        node {
          id
          ...fleet_work
        }
      }
    }
  }
`;

graphql`
  fragment fleet_work on Construct
  @refetchable(queryName: "fleetWorkRefetchQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 1 }, cursor: { type: "String" }) {
    id
    type
    title
    status
    version
    metadata
    createdAt
    endedAt
    activity {
      sessions
      outputTokens
    }
    sessions(first: $count, after: $cursor, orderBy: STARTED_AT_ASC) @connection(key: "fleet_work_sessions") {
      edges {
        node {
          id
          agent
        }
      }
    }
  }
`;

graphql`
  mutation fleetSaveMutation($input: SaveConstructInput!, $connections: [ID!]!) {
    saveConstruct(input: $input) {
      created
      construct @appendNode(connections: $connections, edgeTypeName: "ConstructEdge") {
        ...fleet_work
      }
    }
  }
`;

graphql`
  query fleetNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      id
      ... on Session {
        agent
        construct {
          title
        }
      }
    }
  }
`;

graphql`
  subscription fleetNotesSubscription($after: Position) {
    events(after: $after, filter: { types: ["note.made"] }) {
      position
      entityId
      payload
    }
  }
`;
