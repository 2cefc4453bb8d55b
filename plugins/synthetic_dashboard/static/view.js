// What draws the pages: Preact, htm and signals, under one name. Nothing but
// this file, parts/chart.js and parts/code.js imports from vendor/.

import { h, render, Fragment, createContext } from "./vendor/preact.js";
import {
  useCallback,
  useContext,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "./vendor/preact-hooks.js";
import { batch, computed, effect, signal, untracked, useComputed, useSignal } from "./vendor/signals.js";
import htm from "./vendor/htm.js";

/** Draws a template: html`<p>${text}</p>`. Values become text or attributes, never markup. */
export const html = htm.bind(h);

export { h, render, Fragment, createContext };
export {
  useCallback,
  useContext,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
};
export { batch, computed, effect, signal, untracked, useComputed, useSignal };
