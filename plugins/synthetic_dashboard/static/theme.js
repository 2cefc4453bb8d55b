// Sets the chosen theme before anything is drawn, so that no page flashes in the other one.
// A plain script, not a module: modules run only after the first paint may have happened.
"use strict";

(() => {
  const STORED = "synthetic-theme";
  const chosen = localStorage.getItem(STORED);
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
})();
