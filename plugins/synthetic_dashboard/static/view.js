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
import { withoutHidden } from "./hidden-characters.js";

/**
 * Draws a template: html`<p>${text}</p>`. Values become text or attributes, never markup, and no text can change the
 * direction of what stands around it.
 */
export const html = htm.bind((type, props, ...children) => h(type, props, ...children.map(withoutHidden)));

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
