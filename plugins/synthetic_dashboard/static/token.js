// The caller's token: where it comes from, and where it is kept for this tab.
//
// The link that `synthetic serve` prints carries it in the fragment, which
// browsers never send. It is taken out of the address bar before anything else.

const STORED = "synthetic-token";
const LEFT = "synthetic-left";
const ASKED_MS = 150;

/** Take a token out of the address (`#token=...`), if one is there. Returns whether it was. */
export function takeTokenFromAddress() {
  const fragment = location.hash.slice(1);
  if (fragment.startsWith("/")) {
    return false;
  }
  const token = new URLSearchParams(fragment).get("token");
  if (token === null) {
    return false;
  }
  setToken(token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

/** The token of this tab, or null. */
export function token() {
  return sessionStorage.getItem(STORED);
}

/** Keep a token for this tab. */
export function setToken(text) {
  sessionStorage.removeItem(LEFT);
  sessionStorage.setItem(STORED, text.trim());
}

/** Forget this tab's token; until it is given another, it takes none from other tabs, also when it is reloaded. */
export function forgetToken() {
  sessionStorage.setItem(LEFT, "1");
  sessionStorage.removeItem(STORED);
}

/** The value of the `Authorization` header, or null where this tab has no token. */
export function authorization() {
  const text = token();
  return text ? `Bearer ${text}` : null;
}

/**
 * Share tokens between tabs of this server, so that a link opened in a new tab needs no second paste. Answers other
 * tabs, and asks them when this one has none: once, at its start, and not when the token was taken out of it.
 */
export async function shareToken() {
  const channel = new BroadcastChannel(STORED);
  let take = null;
  channel.onmessage = ({ data }) => {
    if (data.type === "wanted" && token() !== null) {
      channel.postMessage({ type: "here", token: token() });
    } else if (data.type === "here") {
      take?.(data.token);
    }
  };
  if (token() === null && sessionStorage.getItem(LEFT) === null) {
    const answered = new Promise((resolve) => {
      take = resolve;
      setTimeout(resolve, ASKED_MS, null);
    });
    channel.postMessage({ type: "wanted" });
    const found = await answered;
    take = null;
    if (found !== null) {
      setToken(found);
    }
  }
}
