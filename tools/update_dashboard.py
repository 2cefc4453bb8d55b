# ruff: noqa: INP001 - a script, not a module
"""Fetch the pinned libraries of the dashboard from npm into its plugin.

    python tools/update_dashboard.py

They are ES modules that browsers load as they are. To take a newer version,
change `PINNED`, run this, run the dashboard's tests with `--full`, look at its
pages, and commit what changed. The files go to
`plugins/synthetic_dashboard/static/vendor`; see `vendoring.py`.
"""

from __future__ import annotations

from pathlib import Path

from vendoring import Pinned, vendor

TARGET = Path(__file__).resolve().parent.parent / "plugins/synthetic_dashboard/static/vendor"

LANGUAGES = (
    "bash",
    "c",
    "cpp",
    "css",
    "diff",
    "go",
    "java",
    "javascript",
    "json",
    "markdown",
    "python",
    "rust",
    "sql",
    "typescript",
    "xml",
    "yaml",
)

OF_PREACT = {"preact": "preact.js", "preact/hooks": "preact-hooks.js", "@preact/signals-core": "signals-core.js"}

PINNED = (
    Pinned(
        "preact",
        "11.2.0",
        {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "preact-hooks.js"},
        imports=OF_PREACT,
    ),
    Pinned("htm", "3.1.1", {"dist/htm.module.js": "htm.js"}),
    Pinned("@preact/signals-core", "1.14.5", {"dist/signals-core.mjs": "signals-core.js"}),
    Pinned("@preact/signals", "2.11.4", {"dist/signals.mjs": "signals.js"}, imports=OF_PREACT),
    Pinned("uplot", "1.6.32", {"dist/uPlot.esm.js": "uplot.js", "dist/uPlot.min.css": "uplot.css"}),
    Pinned(
        "@highlightjs/cdn-assets",
        "11.12.0",
        {
            "es/core.min.js": "highlight/core.js",
            **{f"es/languages/{name}.min.js": f"highlight/{name}.js" for name in LANGUAGES},
        },
    ),
)


if __name__ == "__main__":
    vendor(TARGET, PINNED)
