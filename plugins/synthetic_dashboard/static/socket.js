// One graphql-transport-ws connection for all subscriptions of the page.
//
// Its own rather than a library's because what matters here is resuming: each
// subscription remembers the position of its last answer and goes on after it.
// The connection is kept open also when nothing is followed, so that the page
// always knows whether what it shows may be old.

import { signal } from "./view.js";

const PROTOCOL = "graphql-transport-ws";
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
// The server pings every 15 seconds; a connection that is silent for much longer is dead.
const SILENCE_MS = 40_000;
// Codes of docs/graphql.md after which the same token need not be tried again.
const REFUSED = 4403;
const ACKNOWLEDGED_WITHIN_MS = 10_000;

export class Socket {
  constructor({ url, authorization, errorOf, refused }) {
    this.state = signal({ state: "idle", since: Date.now(), retryAt: null });
    this._url = url;
    this._authorization = authorization;
    this._errorOf = errorOf;
    this._refused = refused;
    this._followed = new Map();
    this._lastId = 0;
    this._failures = 0;
    this._socket = null;
    this._timer = null;
    this._watch = null;
    this._wanted = false;
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => !document.hidden && this.retryNow());
  }

  /** Connect; an open connection is given up first, since the token may be another. */
  open() {
    this._wanted = true;
    this._failures = 0;
    this._drop();
    this._connect();
  }

  /** Disconnect, and stay so. */
  close() {
    this._wanted = false;
    this._drop();
    this._tell("idle");
  }

  /** Try again now, if the connection is lost. */
  retryNow() {
    if (this._wanted && this._socket === null) {
      this._connect();
    }
  }

  /** Follow a subscription; returns a function that ends it. See `follow` in graphql.js. */
  follow({ document: query, variables, after, next, resync, failed }) {
    const followed = { id: this._newId(), query, variables, after, next, resync, failed, timer: null };
    this._followed.set(followed.id, followed);
    this._subscribe(followed);
    return () => {
      clearTimeout(followed.timer);
      if (this._followed.delete(followed.id)) {
        this._send({ id: followed.id, type: "complete" });
      }
    };
  }

  _newId() {
    this._lastId += 1;
    return String(this._lastId);
  }

  _tell(state, retryAt = null) {
    const before = this.state.value;
    // "Since" counts from the loss on, through all the attempts that follow.
    const same = before.state === state || (before.state === "lost" && state === "connecting");
    const shown = before.state === "lost" && state === "connecting" ? "lost" : state;
    this.state.value = { state: shown, since: same ? before.since : Date.now(), retryAt };
  }

  _connect() {
    clearTimeout(this._timer);
    this._tell("connecting");
    const socket = new WebSocket(this._url(), PROTOCOL);
    this._socket = socket;
    this._acknowledged = false;
    socket.onopen = () => {
      const authorization = this._authorization();
      socket.send(JSON.stringify({ type: "connection_init", payload: authorization === null ? {} : { authorization } }));
    };
    socket.onmessage = ({ data }) => {
      this._hear(SILENCE_MS);
      this._receive(JSON.parse(data));
    };
    socket.onclose = ({ code }) => this._lost(socket, code);
    this._hear(ACKNOWLEDGED_WITHIN_MS);
  }

  _hear(limitMs) {
    clearTimeout(this._watch);
    const socket = this._socket;
    this._watch = setTimeout(() => {
      socket.close();
      // A dead network answers no closing handshake, so the loss is told without it.
      this._lost(socket, 1006);
    }, limitMs);
  }

  _drop() {
    clearTimeout(this._timer);
    clearTimeout(this._watch);
    const socket = this._socket;
    this._socket = null;
    this._acknowledged = false;
    socket?.close(1000);
  }

  _lost(socket, code) {
    if (socket !== this._socket) {
      return;
    }
    this._drop();
    if (code === REFUSED) {
      this._wanted = false;
      this._tell("lost");
      this._refused();
      return;
    }
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this._failures);
    this._failures += 1;
    const pause = longest / 2 + (Math.random() * longest) / 2;
    this._tell("lost", Date.now() + pause);
    this._timer = setTimeout(() => this._connect(), pause);
  }

  _send(message) {
    if (this._acknowledged) {
      this._socket.send(JSON.stringify(message));
    }
  }

  _subscribe(followed) {
    const { id, query, variables, after } = followed;
    this._send({ id, type: "subscribe", payload: { query, variables: { ...variables, after } } });
  }

  _receive(message) {
    if (message.type === "connection_ack") {
      this._acknowledged = true;
      this._failures = 0;
      this._tell("live");
      for (const followed of this._followed.values()) {
        clearTimeout(followed.timer);
        this._subscribe(followed);
      }
    } else if (message.type === "ping") {
      this._send({ type: "pong", payload: message.payload });
    } else {
      const followed = this._followed.get(message.id);
      if (followed !== undefined) {
        this._deliver(followed, message);
      }
    }
  }

  _deliver(followed, { type, payload }) {
    const errors = type === "error" ? payload : payload?.errors;
    if (errors?.length) {
      if (type === "next") {
        // The server goes on after an answer with errors, and the page will not listen to it any more.
        this._send({ id: followed.id, type: "complete" });
      }
      this._fail(followed, this._errorOf(errors));
    } else if (type === "next") {
      followed.after = payload.extensions?.position ?? followed.after;
      followed.next(payload.data, followed.after);
    } else if (type === "complete") {
      this._again(followed, FIRST_PAUSE_MS * 4);
    }
  }

  _fail(followed, error) {
    if (error.code === "RESYNC_REQUIRED") {
      this._followed.delete(followed.id);
      followed.resync();
    } else if (error.recoverable) {
      this._again(followed, error.retryAfterMs ?? FIRST_PAUSE_MS * 4);
    } else {
      this._followed.delete(followed.id);
      followed.failed(error);
    }
  }

  // A new id, since the server may still be ending the operation with the old one.
  _again(followed, pauseMs) {
    this._followed.delete(followed.id);
    followed.id = this._newId();
    this._followed.set(followed.id, followed);
    clearTimeout(followed.timer);
    followed.timer = setTimeout(() => this._subscribe(followed), pauseMs);
  }
}
