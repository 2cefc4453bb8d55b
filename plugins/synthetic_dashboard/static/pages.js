// The pages, by the path under which they are found. Those of other plugins come from `extensions`.

import { extensions } from "./extensions.js";
import { matchPath } from "./router.js";

/**
 * A page: `path` with parameters, `title`, the `group` of the navigation in which it stands (none: it is reached from
 * other pages), its `icon`, the plugin that it `needs`, the `key` that goes there after `g`, and how to `load` it.
 */
const PAGES = [
  { path: "/", title: "Overview", group: "", icon: "overview", key: "o", load: () => import("./pages/overview.js") },
  { path: "/jobs", title: "Jobs", group: "Work", icon: "jobs", key: "j", needs: "jobs", load: () => import("./pages/jobs.js") },
  { path: "/jobs/:id", title: "Job", needs: "jobs", load: () => import("./pages/job.js") },
  {
    path: "/constructs", title: "Constructs", group: "Work", icon: "constructs", key: "c", needs: "constructs",
    load: () => import("./pages/constructs.js"),
  },
  { path: "/constructs/:id", title: "Construct", needs: "constructs", load: () => import("./pages/construct.js") },
  {
    path: "/transcripts", title: "Transcripts", group: "Work", icon: "transcripts", key: "t", needs: "transcripts",
    load: () => import("./pages/transcripts.js"),
  },
  { path: "/transcripts/:id", title: "Transcript", needs: "transcripts", load: () => import("./pages/transcript.js") },
  { path: "/sessions/:id", title: "Session", needs: "sessions", load: () => import("./pages/session.js") },
  {
    path: "/approvals", title: "Approvals", group: "Attention", icon: "approvals", key: "a", needs: "approvals",
    load: () => import("./pages/approvals.js"),
  },
  { path: "/approvals/:id", title: "Approval", needs: "approvals", load: () => import("./pages/approvals.js") },
  {
    path: "/dead-letters", title: "Dead letters", group: "Attention", icon: "dead-letters", key: "d",
    needs: "dead_letters", load: () => import("./pages/dead-letters.js"),
  },
  {
    path: "/dead-letters/:id", title: "Dead letter", needs: "dead_letters",
    load: () => import("./pages/dead-letter.js"),
  },
  {
    path: "/costs", title: "Costs", group: "Insight", icon: "costs", key: "u", needs: "projections",
    load: () => import("./pages/costs.js"),
  },
  {
    path: "/search", title: "Search", group: "Insight", icon: "search", key: "s", needs: "search",
    load: () => import("./pages/search.js"),
  },
  {
    path: "/storage", title: "Storage and health", group: "System", icon: "storage", key: "h",
    load: () => import("./pages/storage.js"),
  },
  {
    path: "/plugins", title: "Plugins", group: "System", icon: "plugins", key: "p",
    load: () => import("./pages/plugins.js"),
  },
];

function isThere(page) {
  return !page.needs || extensions.value.plugins.has(page.needs);
}

/** All pages that this store has, in the order of the navigation. */
export function pages() {
  const added = extensions.value.pages.map((page) => ({ ...page, icon: "page", url: page.module }));
  return [...PAGES.filter(isThere), ...added];
}

/** The navigation: a list of {group, pages}, the groups in the order of their first page. */
export function navigation() {
  const groups = new Map();
  for (const page of pages()) {
    if (page.group !== undefined && page.group !== null) {
      groups.set(page.group, [...(groups.get(page.group) ?? []), page]);
    }
  }
  return [...groups].map(([group, members]) => ({ group, pages: members }));
}

/** The page for a place, as {page, params}; null where there is none. */
export function findPage(segments) {
  for (const page of pages()) {
    const params = matchPath(page.path, segments);
    if (params !== null) {
      return { page, params };
    }
  }
  return null;
}

/** Begin to fetch the module of a page while it is not known yet whether the caller is let in. */
export function prefetchPage(segments) {
  const page = PAGES.find(({ path }) => matchPath(path, segments) !== null);
  // Where that fails, it fails again, and is told, when the page is drawn.
  page?.load().catch(() => {});
}
