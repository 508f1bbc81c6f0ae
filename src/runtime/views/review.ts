/**
 * What agents decided or would decide about a person's memories, and what the person says to it.
 *
 * An agent that is not certain enough connects two memories by `proposed`, whose metadata holds
 * `{type, why, certainty, state: "open"}`: no answer takes notice of it. Accepting makes the connection, rejecting
 * marks the proposal (so that it is not made again), undoing takes back an accepted or automatic connection, or a
 * rejection. Each is one write command.
 *
 * Owns: the form of a proposal, which state follows which. Does not own: who proposes what (the agents).
 *
 * Invariant: what is decided is decided on the state that was shown: the command refuses where that is gone.
 */
import { EngramError } from "../../kernel/errors.ts";
import type { Author, Id } from "../../kernel/mod.ts";
import { type Connection, connectionTypes, type Engram, type JsonObject } from "../../kernel/records.ts";
import type { Graph } from "../../graph/mod.ts";
import type { Port } from "../port.ts";
import type { Receipt } from "../receipts.ts";
import type { WriteOp } from "../requests.ts";

/** The type of a connection that is only proposed. */
const proposedType = "proposed";

/** The types of connections that can be proposed, and undone where an agent made them. */
export const reviewedTypes = [
  connectionTypes.supersedes,
  connectionTypes.contradicts,
  connectionTypes.duplicates,
] as const;

/** Where a decision stands: waiting, said no to, said yes to, or made by an agent that was certain. */
export const reviewStates = ["open", "rejected", "accepted", "automatic"] as const;
/** One of {@link reviewStates}. */
export type ReviewState = typeof reviewStates[number];

/** What can be said to it. */
export const reviewVerbs = ["accept", "reject", "undo"] as const;
/** One of {@link reviewVerbs}. */
export type ReviewVerb = typeof reviewVerbs[number];

/** One of the two memories a decision is about. */
export type ReviewEnd = Pick<
  Engram,
  "id" | "content" | "title" | "source" | "ref" | "observedAt" | "metadata"
>;

/** A decision. */
export interface ReviewItem {
  /** The connection's id: what accept, reject and undo take. */
  readonly id: Id;
  readonly state: ReviewState;
  /** What the source does to the target: supersedes, contradicts, duplicates. */
  readonly type: string;
  readonly why: string;
  /** 0 to 1, or null where the agent did not say. */
  readonly certainty: number | null;
  readonly source: ReviewEnd;
  readonly target: ReviewEnd;
  readonly by: Author;
  readonly tick: number;
}

/** Which decisions to list. */
export interface ReviewQuery {
  readonly id?: Id;
  readonly state?: ReviewState;
  readonly context?: Id;
  readonly after?: Id;
  readonly limit?: number;
}

/** Items of one page at most. */
const pageItemsMax = 200;

/** Decisions by falling id (the newest first); `next` is passed on as `after`. */
export function reviewPage(
  graph: Graph,
  query: ReviewQuery,
): { readonly items: ReviewItem[]; readonly next: Id | null } {
  const limit = Math.min(query.limit ?? 50, pageItemsMax);
  if (query.id !== undefined) {
    const connection = graph.connection(query.id);
    const item = connection === null ? null : itemOf(graph, connection);
    if (item === null) throw notFound(query.id);
    return { items: [item], next: null };
  }
  const wanted = query.state ?? "open";
  const types = wanted === "open" || wanted === "rejected" ? [proposedType] : reviewedTypes;
  const items: ReviewItem[] = [];
  for (let after: Id | null = query.after ?? null;;) {
    const rows = graph.connectionsOfTypes(types, { after, limit: pageItemsMax });
    for (const connection of rows) {
      if (items.length === limit) return { items, next: after };
      after = connection.id;
      const item = itemOf(graph, connection);
      if (item === null || item.state !== wanted) continue;
      if (query.context === undefined || isIn(graph, item, query.context)) items.push(item);
    }
    if (rows.length < pageItemsMax) return { items, next: null };
  }
}

function isIn(graph: Graph, { source, target }: ReviewItem, context: Id): boolean {
  return [source, target].every(({ id }) => graph.engram(id)?.contexts.includes(context) === true);
}

function notFound(id: string): EngramError {
  return new EngramError(
    "connection_not_found",
    `Cannot find ${JSON.stringify(id)}: no agent proposed or decided that`,
    { id },
    "engramlt review list shows what waits, review list --state automatic what was decided",
  );
}

function itemOf(graph: Graph, connection: Connection): ReviewItem | null {
  const { id, metadata, by, updatedTick } = connection;
  const state = stateOf(connection);
  const source = graph.engram(connection.source), target = graph.engram(connection.target);
  if (state === null || source === null || target === null) return null;
  const type = connection.type === proposedType ? textIn(metadata, "type") : connection.type;
  if (!reviewedTypes.some((known) => known === type)) return null;
  const { certainty } = metadata;
  return {
    id,
    state,
    type,
    why: textIn(metadata, "why"),
    certainty: typeof certainty === "number" ? certainty : null,
    source: endOf(source),
    target: endOf(target),
    by,
    tick: updatedTick,
  };
}

function endOf({ id, content, title, source, ref, observedAt, metadata }: Engram): ReviewEnd {
  return { id, content, title, source, ref, observedAt, metadata };
}

function textIn(metadata: JsonObject, key: string): string {
  const value = metadata[key];
  return typeof value === "string" ? value : "";
}

/** Null where it is no agent's decision. */
function stateOf({ type, metadata, by }: Connection): ReviewState | null {
  if (type === proposedType) return metadata["state"] === "rejected" ? "rejected" : "open";
  if (metadata["accepted"] === true) return "accepted";
  return by.agent === null ? null : "automatic";
}

/** The changes that a verb comes to; refuses (`wrong_state`) what was decided so already. */
export function decisionOps(item: ReviewItem, verb: ReviewVerb): readonly WriteOp[] {
  const { id, state, type, why, certainty } = item;
  const ends = { source: item.source.id, target: item.target.id };
  const said = { why, ...(certainty === null ? {} : { certainty }) };
  const proposal = (next: "open" | "rejected"): WriteOp => ({
    op: "connect",
    ...ends,
    type: proposedType,
    metadata: { type, ...said, state: next },
  });
  const isProposal = state === "open" || state === "rejected";
  switch (verb) {
    case "accept":
      if (!isProposal) break;
      return [{ op: "connect", ...ends, type, metadata: { ...said, accepted: true } }, {
        op: "disconnect",
        id,
      }];
    case "reject":
      if (state !== "open") break;
      return [proposal("rejected")];
    case "undo":
      if (state === "open") break;
      return isProposal ? [proposal("open")] : [{ op: "disconnect", id }, proposal("rejected")];
    default:
      return verb satisfies never;
  }
  const hint = verb === "undo" ? "There is nothing to undo" : "engramlt review undo takes a decision back";
  throw new EngramError("wrong_state", `Cannot ${verb} ${id}: it is ${state}`, { id, state }, hint);
}

/** Says a verb to a decision: one write command. The item is as it was before. */
export async function decide(
  port: Pick<Port, "view" | "submit">,
  verb: ReviewVerb,
  id: string,
  options: { readonly client?: string; readonly commandId?: string } = {},
): Promise<{ readonly item: ReviewItem; readonly receipt: Receipt }> {
  const { items: [item] } = await port.view({ view: "review", id });
  if (item === undefined) throw notFound(id);
  const receipt = await port.submit({ kind: "write", ops: decisionOps(item, verb) }, options);
  return { item, receipt };
}
