// Buttons that do something to the store: they ask first where it matters, show that they work, and say how it ended.

import { html, useEffect, useRef, useState } from "../view.js";
import { may } from "../graphql.js";
import { confirm } from "./dialog.js";
import { Icon } from "./icon.js";
import { toast, toastError } from "./toast.js";

/**
 * A button that acts. It is not drawn for a token that may not do it.
 *
 * `run` does it, and returns what to say of the result (text), or nothing; `scope` is what the token needs;
 * `question` what to ask before, as `confirm` takes it (or a function, which may be async, that returns it);
 * `kind` is "primary", "danger", "quiet" or ""; `small`, `icon`, `disabled`. While it works it can still be focused,
 * so that whoever uses the keyboard stays where they were.
 */
export function ActionButton({ label, run, scope = "write", question, kind = "", small = false, icon, disabled = false }) {
  const [busy, setBusy] = useState(false);
  const isHere = useRef(true);
  useEffect(
    () => () => {
      isHere.current = false;
    },
    [],
  );
  if (!may(scope)) {
    return null;
  }
  const press = async () => {
    if (busy) {
      return;
    }
    setBusy(true);
    try {
      const asked = typeof question === "function" ? await question() : question;
      if (!asked || (await confirm({ action: label, danger: kind === "danger", ...asked }))) {
        const said = await run();
        if (said) {
          toast(said);
        }
      }
    } catch (error) {
      toastError(error);
    } finally {
      if (isHere.current) {
        setBusy(false);
      }
    }
  };
  return html`<button
    type="button"
    class=${["button", kind, small && "small"].filter(Boolean).join(" ")}
    disabled=${disabled}
    aria-disabled=${busy}
    aria-busy=${busy}
    onClick=${press}
  >
    ${(busy || icon) && html`<${Icon} name=${busy ? "busy" : icon} />`}${label}
  </button>`;
}
