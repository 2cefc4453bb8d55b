// All that a page or panel of another plugin may use: `import { html, Page, useQuery } from "/dashboard/kit.js"`.
// What is exported here is the dashboard's contract with other plugins, described in docs/dashboard.md.

export * from "./view.js";
export { ContractError, answer, ask, connection, follow, gql, may, viewer } from "./graphql.js";
export { RELOAD, useQuery } from "./live.js";
export { go, href, route, setQuery } from "./router.js";
export { ActionButton } from "./parts/action.js";
export { Code, Json, languageOf } from "./parts/code.js";
export { Dialog, confirm } from "./parts/dialog.js";
export { Diff } from "./parts/diff.js";
export { Empty } from "./parts/empty.js";
export { EntityLink, entityHref } from "./parts/entity.js";
export { Choice, ClearFilters, Filters, Select, TextField } from "./parts/filters.js";
export { Icon } from "./parts/icon.js";
export { Loaded } from "./parts/loaded.js";
export { bytes, count, money, percent, plural, short } from "./parts/number.js";
export { Facts, Page, Panel, Tabs } from "./parts/page.js";
export { PAGE_SIZE, Pager, isFirstPage, pageVariables } from "./parts/pager.js";
export { Panels } from "./parts/panels.js";
export { Problem } from "./parts/problem.js";
export { Progress } from "./parts/progress.js";
export { Skeleton } from "./parts/skeleton.js";
export { Status, toneOf, words } from "./parts/status.js";
export { Table } from "./parts/table.js";
export { Plain, firstLine } from "./parts/text.js";
export { Duration, Time, clock, duration, instant } from "./parts/time.js";
export { toast, toastError } from "./parts/toast.js";
