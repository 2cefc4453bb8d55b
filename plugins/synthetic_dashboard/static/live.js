// Hooks that bring data to a page: asked once, kept up to date by a
// subscription from the position of the answer on, so that nothing falls between.

import { useCallback, useEffect, useMemo, useRef, useState } from "./view.js";
import { answer, follow } from "./graphql.js";

/** What `apply` returns when an update cannot be worked into the data: ask anew. */
export const RELOAD = Symbol("reload");

const RELOAD_PAUSE_MS = 1000;
const FLUSH_PAUSE_MS = 40;

/**
 * Ask for data, and keep it up to date.
 *
 * `live` is null or `{document, variables, apply(data, update)}`; `apply` returns the new data (the same for no
 * change) or `RELOAD`. Reloads come at most once a second, however many updates ask for one. What was shown stays
 * while new data is loaded, also when the variables change; `isOld` says so.
 *
 * Returns `{data, error, loading, isOld, notices, reload(), change(data => data)}`.
 */
export function useQuery(document, variables = {}, live = null) {
  const key = JSON.stringify([document, variables, live?.document, live?.variables]);
  const [state, setState] = useState({ key: null, data: null, error: null, loading: true, notices: [] });
  const [round, setRound] = useState(0);
  const latest = useRef(null);
  latest.current = { variables, live };
  const source = useMemo(() => new Source(document, setState), [document]);

  useEffect(() => {
    source.begin(key, latest);
    return () => source.end();
  }, [source, key, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const change = useCallback((edit) => setState((before) => ({ ...before, data: edit(before.data) })), []);
  return { ...state, isOld: state.key !== key && state.data !== null, reload, change };
}

/** What stands behind one `useQuery`: the request that is under way, and the subscription after it. */
class Source {
  constructor(document, setState) {
    this._document = document;
    this._setState = setState;
    this._run = 0;
    this._stop = () => {};
    this._timer = null;
    this._flushTimer = null;
    this._updates = [];
    this._isTold = false;
    this._askedAt = 0;
  }

  begin(key, latest) {
    this._key = key;
    this._latest = latest;
    this._ask();
  }

  end() {
    this._run += 1;
    this._controller?.abort();
    this._stop();
    this._stop = () => {};
    clearTimeout(this._timer);
    clearTimeout(this._flushTimer);
    this._timer = null;
    this._updates = [];
  }

  async _ask() {
    const run = (this._run += 1);
    const key = this._key;
    this._askedAt = Date.now();
    this._isTold = false;
    this._controller?.abort();
    this._controller = new AbortController();
    this._setState((before) => ({ ...before, loading: true }));
    try {
      const { variables } = this._latest.current;
      const { data, position, notices } = await answer(this._document, variables, { signal: this._controller.signal });
      if (run === this._run) {
        this._setState({ key, data, error: null, loading: false, notices });
        this._follow(position);
        if (this._isTold) {
          this._askSoon();
        }
      }
    } catch (error) {
      if (run === this._run && error.name !== "AbortError") {
        this._setState((before) => ({ ...before, key, error, loading: false }));
        if (error.recoverable) {
          this._askIn(error.retryAfterMs ?? 3 * RELOAD_PAUSE_MS);
        }
      }
    }
  }

  // The subscription that runs is kept through reloads. What it tells during one may be newer than the answer, or
  // older: nothing says which, so it is asked once more.
  _follow(position) {
    const { live } = this._latest.current;
    if (live === null || this._following) {
      return;
    }
    const stop = follow(live.document, live.variables ?? {}, position, {
      next: (update) => this._update(update),
      resync: () => {
        this._stop();
        this._askSoon();
      },
      failed: (error) => {
        this._stop();
        this._setState((before) => ({ ...before, error }));
      },
    });
    this._following = true;
    this._stop = () => {
      this._following = false;
      stop();
    };
  }

  // Updates that come close together are drawn together.
  _update(update) {
    this._isTold = true;
    this._updates.push(update);
    if (this._updates.length === 1) {
      this._flushTimer = setTimeout(() => this._flush(), FLUSH_PAUSE_MS);
    }
  }

  _flush() {
    const updates = this._updates.splice(0);
    this._setState((before) => {
      let { data } = before;
      for (const update of updates) {
        const next = data === null ? null : this._latest.current.live.apply(data, update);
        if (next === RELOAD) {
          this._askSoon();
        } else {
          data = next;
        }
      }
      return data === before.data ? before : { ...before, data };
    });
  }

  _askSoon() {
    if (this._timer === null) {
      this._askIn(Math.max(0, this._askedAt + RELOAD_PAUSE_MS - Date.now()));
    }
  }

  // A timer that is over is forgotten: as long as one is known, `_askSoon` leaves it to that.
  _askIn(pauseMs) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      this._timer = null;
      this._ask();
    }, pauseMs);
  }
}
