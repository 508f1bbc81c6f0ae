/**
 * Routes that read and are no view under another name: pages of lists, and one thing out of a list.
 *
 * Invariants:
 * 1. A page ends with a cursor, or null where it is the last; the cursor is an id, so a page stays right while others
 *    write.
 * 2. They are given the reading half of a port.
 */
import { z } from "zod";
import { EngramError } from "../kernel/mod.ts";
import type { Reading } from "./routes.ts";
import { valueOf } from "./routes.ts";
import { checked, text } from "./schemas.ts";

/** A route of this kind. */
export interface Lookup {
  readonly path: string;
  readonly summary: string;
  /** The fields of its query. */
  readonly query: z.ZodObject;
  /** The name of its answer's schema in answers.ts. */
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

const limit = z.int().min(1).max(1000).exactOptional();
const cursor = text.exactOptional();

/** The view of export, a page of it. */
const pageOf = (
  door: Reading,
  query: { readonly limit?: number; readonly cursor?: string; readonly context?: string },
) =>
  door.view({
    view: "export",
    limit: query.limit ?? 100,
    ...(query.cursor === undefined ? {} : { after: query.cursor }),
    ...(query.context === undefined ? {} : { context: query.context }),
  });

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
