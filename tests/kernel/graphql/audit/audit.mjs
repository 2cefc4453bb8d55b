// Runs the server audit of graphql-http against a server and prints one JSON line for each audit.
//
//   node audit.mjs URL TOKEN
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);

const fetchWithToken = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  return fetch(input, { ...init, headers });
};

for (const audit of serverAudits({ url, fetchFn: fetchWithToken })) {
  const result = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? "" }));
}
