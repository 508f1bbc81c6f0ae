/**
 * Routes that read and are no view under another name: pages of lists, and one thing out of a list.
 *
 * Invariants:
 * 1. A page ends with a cursor, or null where it is the last; the cursor is an id or a tick, so a page stays right
 *    while others write. What a list's own view calls it (`next`) stands beside it.
 * 2. They are given the reading half of a port.
 */
import { z } from "zod";
import { EngramError } from "../../kernel/mod.ts";
import { reviewStates } from "../../runtime/views/review.ts";
import { apiLimits } from "../limits.ts";
import type { Reading } from "./routes.ts";
import { valueOf } from "./routes.ts";
import { checked, readTick, text } from "./schemas.ts";

/** A route of this kind. */
export interface Lookup {
  readonly path: string;
  readonly summary: string;
  /** The fields of its query. */
  readonly query: z.ZodObject;
  /** The name of its answer's schema in openapi/answers.ts. */
  readonly answer: string;
  run(
    door: Reading,
    params: Readonly<Record<string, string>>,
    query: Readonly<Record<string, string>>,
  ): Promise<object>;
}

function lookup<Q extends Readonly<Record<string, z.ZodType>>>(
  path: string,
  summary: string,
  answer: string,
  fields: Q,
  run: (
    door: Reading,
    query: z.output<z.ZodObject<Q, z.core.$strict>>,
    params: Readonly<Record<string, string>>,
  ) => Promise<object>,
): Lookup {
  const query = z.strictObject(fields);
  return {
    path,
    summary,
    answer,
    query,
    run: (door, params, given) => {
      const values = Object.fromEntries(
        Object.entries(given).map(([name, one]) => [name, valueOf(fields[name], one)]),
      );
      return run(door, checked(query, values, "Cannot read"), params);
    },
  };
}

const limit = z.int().min(1).max(apiLimits.pageMax).exactOptional();
const cursor = text.exactOptional();
const at = text.exactOptional();
const pageDefault = 100;

/** What a page's query gives a view that goes on by `after`. */
function pageView(query: { readonly limit?: number; readonly cursor?: string; readonly at?: string }) {
  const { limit = pageDefault, cursor, at } = query;
  return {
    limit,
    ...(cursor === undefined ? {} : { after: cursor }),
    ...(at === undefined ? {} : { at }),
  };
}

/** A cursor that is a tick. */
function tickCursor(cursor: string | undefined): number | undefined {
  return cursor === undefined ? undefined : readTick(cursor, "cursor");
}

/** The view of export, a page of it. */
const pageOf = (
  door: Reading,
  query: { readonly limit?: number; readonly cursor?: string; readonly context?: string },
) =>
  door.view({
    view: "export",
    limit: query.limit ?? pageDefault,
    ...(query.cursor === undefined ? {} : { after: query.cursor }),
    ...(query.context === undefined ? {} : { context: query.context }),
  });

/** Pages of what the log tells from a tick on. */
function logPages(path: string, summary: string, answer: string, view: "log" | "messages"): Lookup {
  const fields = { limit, cursor, from: z.int().min(0).exactOptional() };
  return lookup(path, summary, answer, fields, async (door, query) => {
    const from = tickCursor(query.cursor) ?? query.from;
    const { limit } = query;
    const page = await door.view({
      view,
      ...(limit === undefined ? {} : { limit }),
      ...(from === undefined ? {} : { from }),
    });
    return { ...page, cursor: page.next === null ? null : String(page.next) };
  });
}

/** All of them. A path without parameters stands before one with. */
export const lookups: readonly Lookup[] = [
  lookup(
    "/v1/engrams",
    "All memories, by id, in pages",
    "EngramPage",
    { limit, cursor, context: text.exactOptional() },
    async (door, query) => {
      const { engrams, next } = await pageOf(door, query);
      return { engrams, cursor: next };
    },
  ),
  lookup(
    "/v1/connections",
    "All connections, by the id of the memory they leave, in pages; `limit` counts those memories",
    "ConnectionPage",
    { limit, cursor, context: text.exactOptional() },
    async (door, query) => {
      const { connections, next } = await pageOf(door, query);
      return { connections, cursor: next };
    },
  ),
  lookup(
    "/v1/engrams/:id/versions",
    "Every version of a memory, oldest first, in pages",
    "VersionPage",
    { limit, cursor },
    async (door, query, { id = "" }) => {
      const { limit = pageDefault } = query, after = tickCursor(query.cursor);
      const page = { limit, ...(after === undefined ? {} : { after }) };
      const { versions, next } = await door.view({ view: "versions", id, ...page });
      return { versions, cursor: typeof next === "number" ? String(next) : null };
    },
  ),
  lookup(
    "/v1/contexts",
    "All contexts, by id, in pages",
    "ContextPage",
    { limit, cursor, at },
    async (door, query) => {
      const { contexts, next = null } = await door.view({ view: "contexts", ...pageView(query) });
      return { contexts, cursor: next };
    },
  ),
  lookup(
    "/v1/contexts/:id",
    "A context and its memories, in pages",
    "ContextMembers",
    { limit, cursor, at },
    async (door, query, { id = "" }) => {
      const { context, engrams, next = null } = await door.view({ view: "context", id, ...pageView(query) });
      return { context, engrams, cursor: next };
    },
  ),
  lookup(
    "/v1/agents",
    "The agents that are loaded, in order of loading, in pages",
    "AgentPage",
    { limit, cursor },
    async (door, query) => {
      const { agents, next = null } = await door.view({ view: "agents", ...pageView(query) });
      return { agents, cursor: next };
    },
  ),
  lookup(
    "/v1/review",
    "What agents propose, and what they decided, the newest first, in pages",
    "ReviewPage",
    { limit, cursor, state: z.enum(reviewStates).exactOptional(), context: text.exactOptional() },
    async (door, { state, context, ...query }) => {
      const page = await door.view({
        view: "review",
        ...pageView(query),
        ...(state === undefined ? {} : { state }),
        ...(context === undefined ? {} : { context }),
      });
      return { ...page, cursor: page.next };
    },
  ),
  logPages(
    "/v1/log",
    "Entries of the log: the newest, or from a tick on, in pages",
    "LogPage",
    "log",
  ),
  logPages(
    "/v1/messages",
    "Messages between agents in the order in which they were received, and how long each waited, in pages",
    "MessagePage",
    "messages",
  ),
  lookup(
    "/v1/changes",
    "What changed since a tick, in pages: the cursor of the last one waits for what comes",
    "ChangePage",
    { limit, cursor, since: z.int().exactOptional() },
    async (door, query) => {
      const since = tickCursor(query.cursor) ?? query.since;
      if (since === undefined) {
        throw new EngramError("invalid_argument", "Cannot read: since must be a tick", { field: "since" });
      }
      const { limit } = query;
      const page = await door.view({ view: "changes", since, ...(limit === undefined ? {} : { limit }) });
      return { ...page, cursor: String(page.nextTick) };
    },
  ),
  lookup(
    "/v1/agents/:id",
    "One agent",
    "Agent",
    {},
    async (door, _query, { id: given = "" }) => {
      const { id } = await door.view({ view: "resolve", what: "agent", text: given });
      const { agents } = await door.view({ view: "agents" });
      const found = agents.find((agent) => agent.id === id);
      if (found !== undefined) return found;
      throw new EngramError("agent_not_found", `Cannot find agent ${JSON.stringify(given)}: there is none`);
    },
  ),
  lookup(
    "/v1/log/verify",
    "Whether checksums and chain of the log hold",
    "LogVerdict",
    {},
    (door) => door.view({ view: "verify_log" }),
  ),
  lookup(
    "/v1/log/:tick",
    "The entry of one tick",
    "LogEntry",
    {},
    async (door, _query, { tick: given = "" }) => {
      const tick = /^\d{1,15}$/.test(given) ? Number(given) : -1;
      const { entries } = tick < 0 ? { entries: [] } : await door.view({ view: "log", from: tick, limit: 1 });
      const entry = entries.find((one) => one.tick === tick);
      if (entry !== undefined) return entry;
      throw new EngramError("tick_not_found", `Cannot show tick ${JSON.stringify(given)}: there is none`);
    },
  ),
];
