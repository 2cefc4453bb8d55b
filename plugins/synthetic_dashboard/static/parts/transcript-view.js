// The messages of a transcript in a scroller of their own: windowed, paged both ways, with a slider over the whole.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../view.js";
import { Icon } from "./icon.js";
import { Message } from "./message.js";
import { rowsOf } from "./message-rows.js";
import { count, plural } from "./number.js";
import { Problem } from "./problem.js";
import { Skeleton } from "./skeleton.js";
import { TranscriptWindow } from "./transcript-window.js";

const NEAR_PX = 1800;
const AT_END_PX = 24;
const SLIDE_PAUSE_MS = 120;

const rowElements = (scroller) => [...scroller.querySelectorAll("[data-seq]")];

// The first row that is seen, and where: what must not move when rows come or go above it.
function anchorOf(scroller) {
  const top = scroller.getBoundingClientRect().top;
  const seen = rowElements(scroller).find((row) => row.getBoundingClientRect().bottom > top + 1);
  return seen ? { seq: Number(seen.dataset.seq), offset: seen.getBoundingClientRect().top - top } : null;
}

function restore(scroller, anchor) {
  const row = rowElements(scroller).find((one) => Number(one.dataset.seq) >= anchor.seq);
  if (row) {
    const offset = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    scroller.scrollTop += offset - anchor.offset;
  }
}

const isAtEnd = (scroller) => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_END_PX;

/** A slider over all messages; what it stands at is loaded when it rests. */
function Slider({ place, total, jump }) {
  const [dragged, setDragged] = useState(null);
  const timer = useRef(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  const slide = (event) => {
    const seq = Number(event.currentTarget.value);
    setDragged(seq);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      jump(seq);
      setDragged(null);
    }, SLIDE_PAUSE_MS);
  };
  const value = dragged ?? place;
  return html`<label class="transcript-slider">
    <span class="small soft">Message ${count(value)} of ${count(total)}</span>
    <input type="range" min="1" max=${Math.max(1, total)} value=${value} onInput=${slide} aria-label="Place in the transcript" />
  </label>`;
}

function useWindow(id, kinds, startAt) {
  const messages = useMemo(() => new TranscriptWindow(id, kinds), []);
  useEffect(() => {
    if (startAt === "end") {
      messages.end();
    } else {
      messages.jump(startAt);
    }
    return () => messages.close();
  }, []);
  return messages;
}

// Where the scroller has to stand after the next drawing: at a message, at the end, or where it was.
function usePlace(scroller, state, startAt) {
  const target = useRef(startAt === "end" ? { isEnd: true } : { seq: startAt });
  const anchor = useRef(null);
  const following = useRef(false);
  if (scroller.current !== null) {
    anchor.current = anchorOf(scroller.current);
  }
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || !state.isLoaded) {
      return;
    }
    if (target.current !== null && target.current.seq) {
      const { seq } = target.current;
      const row = rowElements(element).findLast((one) => Number(one.dataset.seq) <= seq) ?? rowElements(element)[0];
      row?.scrollIntoView({ block: "start" });
    } else if (target.current?.isEnd || (following.current && !state.hasNewer)) {
      element.scrollTop = element.scrollHeight;
    } else if (anchor.current !== null) {
      restore(element, anchor.current);
    }
    target.current = null;
  }, [state]);
  return { target, following };
}

/**
 * Messages of the transcript `id` of the `kinds`, from the seq `startAt` on (or "end"); `marked` is the seq that a
 * permalink names, or null; `moved(seq)` is told the first message that is seen. It stays with what it began with:
 * for other kinds or another place to begin at, give it another key.
 */
export function TranscriptView({ id, kinds, startAt, marked, subagents, moved }) {
  const messages = useWindow(id, kinds, startAt);
  const state = messages.state.value;
  const scroller = useRef(null);
  const [place, setPlace] = useState(startAt === "end" ? 1 : startAt);
  const [isFollowing, setFollowing] = useState(startAt === "end");
  const { target, following } = usePlace(scroller, state, startAt);
  following.current = isFollowing;
  const rows = useMemo(() => rowsOf(state.edges.map(({ node }) => node)), [state.edges]);
  const last = state.edges.at(-1)?.node.seq ?? 0;
  // Drawn anew only when the messages change, not with every step of the scroller.
  const articles = useMemo(
    () =>
      rows.map(
        (row) =>
          html`<${Message}
            key=${row.message.seq}
            transcriptId=${id}
            row=${row}
            isMarked=${row.seqs.includes(marked)}
            subagents=${subagents}
          />`,
      ),
    [rows, subagents],
  );

  const jump = (seq) => {
    target.current = { seq };
    setFollowing(false);
    messages.jump(seq);
  };
  const goToEnd = () => {
    target.current = { isEnd: true };
    setFollowing(true);
    messages.end();
  };
  const look = () => {
    const seen = scroller.current && anchorOf(scroller.current);
    if (seen !== null) {
      setPlace(seen.seq);
      moved(seen.seq);
    }
  };
  useEffect(look, [state.isLoaded]);

  const scrolled = () => {
    const element = scroller.current;
    if (element.scrollTop < NEAR_PX) {
      messages.older();
    }
    if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX) {
      messages.newer();
    }
    look();
    setFollowing(isAtEnd(element) && !messages.state.value.hasNewer);
  };
  const pressed = (event) => {
    if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      (event.key === "Home" ? () => jump(1) : goToEnd)();
    }
  };

  if (!state.isLoaded) {
    return html`<div class="transcript panel"><${Skeleton} rows=${16} /></div>`;
  }
  const newer = state.hasNewer && state.count > last ? state.count - last : 0;
  return html`<div class="transcript panel">
    <div class="transcript-bar">
      <${Slider} place=${place} total=${state.count} jump=${jump} />
      <button type="button" class="button small" onClick=${() => jump(1)}><${Icon} name="up" />Start</button>
      <button type="button" class="button small" aria-pressed=${isFollowing} onClick=${goToEnd}>
        <${Icon} name="down" />${isFollowing ? "Following" : "End"}
      </button>
    </div>
    ${state.error && html`<${Problem} error=${state.error} retry=${() => jump(place)} />`}
    <div class="transcript-scroll" ref=${scroller} tabindex="0" role="feed" aria-label="Messages" onScroll=${scrolled} onKeyDown=${pressed}>
      ${articles} ${rows.length === 0 && html`<p class="soft panel-body">No messages of these kinds.</p>`}
    </div>
    ${newer > 0 &&
    !isFollowing &&
    html`<button type="button" class="button small transcript-newer" onClick=${goToEnd}>
      <${Icon} name="down" />${plural(newer, "message")} further on
    </button>`}
  </div>`;
}
