/**
 * When a client last began to work in a context: kept beside the state under a key of this machine's own, never part
 * of it, so that `brief` can say what changed since.
 *
 * Invariants:
 * 1. Nothing but `brief` reads it; a graph without it is the same graph, and then a client's session is its first.
 * 2. Bounded: at most `sessionsMax` are kept; the one begun longest ago goes first.
 * 3. Names are redacted where they are kept, whichever view brought them.
 */
import type { Graph } from "../graph/mod.ts";
import { redactText } from "../input/redact.ts";
import type { Id } from "../kernel/mod.ts";
import type { View } from "./port.ts";
import { pack, unpack } from "./rows.ts";

const key = "local/sessions";
/** Pairs of client and context that are kept. */
export const sessionsMax = 500;

/** A point where a session began. `time` is ISO 8601, by this machine's clock. */
export interface SessionStart {
  readonly tick: number;
  readonly time: string;
}

interface Stored extends SessionStart {
  readonly client: string;
  readonly context: Id;
  /** The client's own name for the session, if it gave one. */
  readonly session: string | null;
  readonly before: SessionStart | null;
}

/** The session that a brief begins: one for a client in a context, unless it says itself since when. */
export function sessionOf(view: Extract<View, { view: "brief" }>): Extract<View, { view: "session" }> | null {
  const { client, context, session, since } = view;
  if (client === undefined || context === null || since !== undefined) return null;
  return {
    view: "session",
    client,
    context: context ?? "personal",
    ...(session === undefined ? {} : { session }),
  };
}

/** Begins a session, and gives where the one before it began; the same session named again stays as it is. */
export function beginSession(
  graph: Graph,
  { context, now, ...names }: {
    readonly client: string;
    readonly context: Id;
    readonly session: string | null;
    readonly now: SessionStart;
  },
): SessionStart | null {
  const client = redactText(names.client, new Map());
  const session = names.session === null ? null : redactText(names.session, new Map());
  const all = stored(graph);
  const last = all.find((one) => one.client === client && one.context === context);
  if (last !== undefined && session !== null && last.session === session) return last.before;
  const before = last === undefined ? null : { tick: last.tick, time: last.time };
  const others = all.filter((one) => one !== last);
  const kept: Stored[] = [...others, { client, context, session, before, ...now }].slice(-sessionsMax);
  graph.putRows([{ key, value: pack(kept) }]);
  return before;
}

/** The sessions kept, the one begun longest ago first. */
function stored(graph: Graph): Stored[] {
  const row = graph.row(key);
  return row === null ? [] : unpack(row) as Stored[];
}
