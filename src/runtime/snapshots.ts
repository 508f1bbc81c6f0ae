/**
 * Snapshots over the graph: as it is now, or as of a tick. The host reads nothing else.
 */
import type { Graph } from "../graph/mod.ts";
import type { Snapshot, SnapshotSearch } from "../host/mod.ts";
import { type Engram, type EngramKind, engramKinds, type Id } from "../kernel/mod.ts";

/** Connections of one engram a step may see at once. */
const connectionsMax = 100_000;

/** The graph as of a tick; null is now. */
export function snapshotOf(graph: Graph, asOf: number | null): Snapshot {
  const at = asOf ?? undefined;
  const when = asOf === null ? {} : { asOf };
  return {
    engram: (id) => graph.engram(id, at),
    connection: (id) => graph.connection(id, at),
    connectionBetween: (source, target, type) => graph.connectionBetween(source, target, type, at),
    connectionsOf: (id, direction, type) =>
      graph.connectionsOf(id, {
        direction,
        limit: connectionsMax,
        ...when,
        ...(type === null ? {} : { type }),
      }),
    context: (id) => graph.context(id, at),
    contextByName: (name) => graph.contextByName(name, at),
    contexts: () => graph.contexts(at),
    isMember: (context, engram) => graph.isMember(context, engram, at),
    findByRef: (source, ref, context) => graph.findByRef(source, ref, context ?? undefined, at),
    findForgotten: (source, ref, context) => graph.findForgotten(source, ref, context, at),
    contextEngrams: (context, limit) => graph.contextEngrams(context, { limit, ...when }),
    neighbors: (id, { type, ...options }) =>
      graph.neighbors(id, { ...options, ...when, ...(type === null ? {} : { type }) }),
    paths: (source, target, options) => graph.paths(source, target, { ...options, ...when }),
    changes: (sinceTick, limit, readable, looked) =>
      graph.changes(sinceTick, limit, { readable, looked, ...when }),
    search: (query) => search(graph, query, when),
    recall: ({ hidden, staged, ...rest }) =>
      graph.recall({ ...rest, ...when, staged, stagedDeleted: deleted(hidden, staged) }),
    similarity: (id, other) => graph.similarity(id, other, at),
  };
}

/** What is hidden and has no new version. */
function deleted(hidden: ReadonlySet<Id>, staged: readonly Engram[]): Id[] {
  const known = new Set(staged.map((engram) => engram.id));
  return [...hidden].filter((id) => !known.has(id));
}

function search(graph: Graph, query: SnapshotSearch, when: { asOf?: number }) {
  const { text, exact, kind, hidden, staged, ...rest } = query;
  const known: EngramKind | undefined = engramKinds.find((one) => one === kind);
  if (kind !== undefined && known === undefined) return { hits: [] };
  return graph.search({
    ...rest,
    ...when,
    ...(text === undefined ? {} : exact === true ? { exact: text } : { text }),
    ...(known === undefined ? {} : { kind: known }),
    staged,
    stagedDeleted: deleted(hidden, staged),
  });
}
