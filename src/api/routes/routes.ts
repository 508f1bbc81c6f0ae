/**
 * The routes that read, as data: http/http.ts serves them, openapi/openapi.ts and docs/api.md tell them.
 *
 * Invariant: a reading route is a view under a friendlier name; its answer is the view's.
 */
import { z } from "zod";
import type { Port } from "../../runtime/port.ts";
import { viewFields } from "./schemas.ts";

/** The half of a port that changes nothing. */
export type Reading = Pick<Port, "view" | "events">;

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
  reading("/v1/metrics", "runtime_metrics", "What the host counted since it began, and what there is now"),
  reading("/v1/info", "info", "Paths, limits, versions"),
  reading("/v1/engrams/:id", "engram", "One memory, now or at a tick or time", ["at"]),
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
  reading("/v1/timeline", "timeline", "What was known about words or of one memory, oldest first", [
    "about",
    "context",
    "since",
    "until",
    "limit",
    "cursor",
  ]),
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
  reading("/v1/agents/:id/metrics", "metrics", "What an agent did and cost", [], { id: "agent" }),
  reading("/v1/why/:id", "why", "From a memory to what caused it", ["check"]),
];

/** The routes that are no view, no lookup and no action of their own. */
export const otherRoutes = [
  {
    method: "GET",
    path: "/healthz",
    summary: "Whether the host is there; needs no token",
    query: ["challenge"],
  },
  { method: "GET", path: "/v1/health", summary: "The same, by its former name", query: ["challenge"] },
  { method: "GET", path: "/openapi.json", summary: "This API in OpenAPI 3.1; needs no token" },
  { method: "GET", path: "/docs", summary: "The same as a page that works offline; needs no token" },
  { method: "GET", path: "/metrics", summary: "The metrics of /v1/metrics in the text format of Prometheus" },
  { method: "GET", path: "/v1", summary: "The list of routes" },
  { method: "POST", path: "/v1/commands", summary: "Asks for any change; answers when it is durable" },
  { method: "POST", path: "/v1/view", summary: "Reads: any view, as JSON" },
  {
    method: "GET",
    path: "/v1/events",
    summary: "Ticks as they become durable, as server-sent events",
    query: ["from", "agent", "kind", "client", "outcome"],
  },
  { method: "POST", path: "/v1/idle", summary: "Answers when nothing is left to do" },
  { method: "POST", path: "/v1/stop", summary: "Ends the host cleanly" },
] as const;

/** Routes that read by POST: the body is the view's fields. */
export const readingPosts: readonly Omit<ReadingRoute, "query" | "params">[] = [
  {
    path: "/v1/recall",
    summary: "What is remembered about a question, by words, meaning and links",
    view: "recall",
  },
];

/** What `GET /v1` answers with. */
export interface ListedRoute {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly query?: readonly string[];
}

/** The view a GET asks for, unchecked: parameters without a name in the route keep theirs, and are refused later. */
export function viewOf(
  route: Pick<ReadingRoute, "view" | "query" | "params">,
  params: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const fields = viewFields(route.view);
  const view: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(query)) {
    const field = route.query[name] ?? name;
    view[field] = valueOf(fields[field], text);
  }
  for (const [name, field] of Object.entries(route.params)) view[field] = params[name] ?? "";
  return { ...view, view: route.view };
}

/** A parameter's text as the value its field takes; what does not fit stays text, and is refused by the schema. */
export function valueOf(field: z.ZodType | undefined, text: string): unknown {
  switch (bare(field)?.type) {
    case "number":
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
    case "array":
      return text.split(",");
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    default:
      return text;
  }
}

/** A field's own schema, whether it may be left out or not. */
function bare(field: z.ZodType | undefined): z.ZodType | undefined {
  return field instanceof z.ZodOptional || field instanceof z.ZodExactOptional
    ? bare(field.unwrap() as z.ZodType)
    : field;
}
