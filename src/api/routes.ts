/**
 * The routes of the HTTP API as data: `GET /v1` lists them, docs/api.md tells them, http.ts serves them.
 *
 * Invariant: a reading route is a view under a friendlier name; its answer is the view's.
 */

/** A route that reads: path and query become a view. */
export interface ReadingRoute {
  readonly path: string;
  readonly summary: string;
  readonly view: string;
  /** Query parameters, by the name of the view's field. */
  readonly query: Readonly<Record<string, string>>;
  /** Path parameters, by the name of the view's field. */
  readonly params: Readonly<Record<string, string>>;
}

const reading = (
  path: string,
  view: string,
  summary: string,
  query: readonly string[] = [],
  names: Readonly<Record<string, string>> = {},
): ReadingRoute => {
  const params = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  const named = (list: readonly string[]) =>
    Object.fromEntries(list.map((name) => [name, names[name] ?? name]));
  return { path, summary, view, query: named(query), params: named(params) };
};

/** Routes that read by GET. */
export const readingRoutes: readonly ReadingRoute[] = [
  reading("/v1/status", "status", "Version, last tick, state hash, counts"),
  reading("/v1/info", "info", "Paths, limits, versions"),
  reading("/v1/engrams/:id", "engram", "One memory, now or at a tick or time", ["at"]),
  reading("/v1/engrams/:id/versions", "versions", "Every version of a memory"),
  reading(
    "/v1/search",
    "search",
    "Memories that fit words",
    [
      "q",
      "exact",
      "kind",
      "source",
      "minConfidence",
      "context",
      "includeSuperseded",
      "limit",
      "cursor",
      "at",
    ],
    { q: "text" },
  ),
  reading("/v1/ask", "ask", "The best current sentence, with its source and date", [
    "q",
    "context",
    "limit",
    "at",
  ], {
    q: "question",
  }),
  reading(
    "/v1/brief",
    "brief",
    "One page of a context: decisions, reversals, open tasks, what changed since",
    [
      "context",
      "since",
      "tokens",
    ],
  ),
  reading("/v1/neighbors/:id", "neighbors", "What a memory is connected to", [
    "type",
    "direction",
    "depth",
    "limit",
    "at",
  ]),
  reading("/v1/paths", "paths", "Ways from one memory to another", [
    "source",
    "target",
    "depth",
    "limit",
    "at",
  ]),
  reading("/v1/review", "review", "What agents propose, and what they decided", [
    "state",
    "context",
    "limit",
    "after",
  ]),
  reading("/v1/contexts", "contexts", "All contexts", ["at"]),
  reading("/v1/contexts/:id", "context", "A context and its memories", ["limit", "after", "at"]),
  reading("/v1/agents", "agents", "The agents that are loaded"),
  reading("/v1/agents/:id/metrics", "metrics", "What an agent did and cost", [], { id: "agent" }),
  reading("/v1/why/:id", "why", "From a memory to what caused it", ["check"]),
  reading("/v1/log", "log", "Entries of the log", ["from", "limit"]),
  reading("/v1/changes", "changes", "What changed since a tick", ["since", "limit"]),
];

/** The other routes. */
export const otherRoutes = [
  { method: "GET", path: "/v1", summary: "This list" },
  {
    method: "GET",
    path: "/v1/health",
    summary: "Whether the host is there; needs no token",
    query: ["challenge"],
  },
  { method: "POST", path: "/v1/commands", summary: "Asks for a change; answers when it is durable" },
  { method: "POST", path: "/v1/view", summary: "Reads: any view, as JSON" },
  {
    method: "GET",
    path: "/v1/events",
    summary: "Ticks as they become durable, as server-sent events",
    query: ["from"],
  },
  { method: "POST", path: "/v1/idle", summary: "Answers when nothing is left to do" },
  { method: "POST", path: "/v1/stop", summary: "Ends the host cleanly" },
] as const;

/** What `GET /v1` answers with. */
export function routeList(): readonly {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly query?: readonly string[];
}[] {
  return [
    ...otherRoutes,
    ...readingRoutes.map(({ path, summary, query }) => {
      const names = Object.keys(query);
      return { method: "GET", path, summary, ...(names.length === 0 ? {} : { query: names }) };
    }),
  ];
}

const numbers = new Set(["limit", "depth", "since", "from", "minConfidence", "tokens"]);
const flags = new Set(["exact", "includeSuperseded", "check"]);

/** The view a GET asks for, unchecked: parameters without a name in the route keep theirs, and are refused later. */
export function viewOf(
  route: ReadingRoute,
  params: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const view: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(query)) view[route.query[name] ?? name] = valueOf(name, text);
  for (const [name, field] of Object.entries(route.params)) view[field] = params[name] ?? "";
  return { ...view, view: route.view };
}

function valueOf(name: string, text: string): unknown {
  if (numbers.has(name) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (flags.has(name) && (text === "true" || text === "false")) return text === "true";
  return text;
}
