// Code and JSON in colours. What highlight.js finds is drawn as elements of our own: its markup is never used.

import { html, useMemo } from "../view.js";
import highlighter from "../vendor/highlight/core.js";
import bash from "../vendor/highlight/bash.js";
import c from "../vendor/highlight/c.js";
import cpp from "../vendor/highlight/cpp.js";
import css from "../vendor/highlight/css.js";
import diff from "../vendor/highlight/diff.js";
import go from "../vendor/highlight/go.js";
import java from "../vendor/highlight/java.js";
import javascript from "../vendor/highlight/javascript.js";
import json from "../vendor/highlight/json.js";
import markdown from "../vendor/highlight/markdown.js";
import python from "../vendor/highlight/python.js";
import rust from "../vendor/highlight/rust.js";
import sql from "../vendor/highlight/sql.js";
import typescript from "../vendor/highlight/typescript.js";
import xml from "../vendor/highlight/xml.js";
import yaml from "../vendor/highlight/yaml.js";

const LANGUAGES = { bash, c, cpp, css, diff, go, java, javascript, json, markdown, python, rust, sql, typescript, xml, yaml };
const BY_ENDING = {
  py: "python", pyi: "python", js: "javascript", mjs: "javascript", jsx: "javascript", ts: "typescript",
  tsx: "typescript", sh: "bash", bash: "bash", json: "json", jsonl: "json", html: "xml", xml: "xml", svg: "xml",
  css: "css", sql: "sql", yml: "yaml", yaml: "yaml", md: "markdown", go: "go", rs: "rust", java: "java", c: "c",
  h: "c", cc: "cpp", cpp: "cpp", hpp: "cpp", diff: "diff", patch: "diff",
};
// Beyond this, colours cost more time than they are worth.
const LONGEST = 60_000;

for (const [name, language] of Object.entries(LANGUAGES)) {
  highlighter.registerLanguage(name, language);
}

/** The language of a file by the ending of its name; undefined where none is known. */
export function languageOf(path) {
  return BY_ENDING[path?.split(".").pop()?.toLowerCase()];
}

function drawn(node) {
  return typeof node === "string"
    ? node
    : html`<span class=${(node.scope ?? "").split(".").map((part) => part.replace(/_$/, "")).join(" ")}>${node.children.map(drawn)}</span>`;
}

/** Text in the colours of `language`; `scroll` limits its height, `lines` keeps lines unbroken. */
export function Code({ text, language, scroll = false, lines = false }) {
  const content = useMemo(() => {
    const isKnown = Object.hasOwn(LANGUAGES, language ?? "") && text.length <= LONGEST;
    return isKnown
      ? highlighter.highlight(text, { language, ignoreIllegals: true })._emitter.rootNode.children.map(drawn)
      : text;
  }, [text, language]);
  const kind = ["code", scroll && "scroll", lines && "lines"].filter(Boolean).join(" ");
  return html`<pre class=${kind} dir="ltr" tabindex=${scroll ? "0" : undefined}>${content}</pre>`;
}

/** A JSON value, laid out. */
export function Json({ value, scroll = true }) {
  const text = useMemo(() => JSON.stringify(value, null, 2), [value]);
  return html`<${Code} text=${text} language="json" scroll=${scroll} />`;
}
