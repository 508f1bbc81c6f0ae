/** Builds entries for graphs under test. */
import { type Graph, type GraphEntry, openGraph } from "../../../src/graph/mod.ts";
import { formatId, type Id } from "../../../src/kernel/ids.ts";
import type { EngramTexts, Write } from "../../../src/kernel/records.ts";
import { Payload } from "../../../src/kernel/payload.ts";

/** The id of the `n`-th engram of these tests. */
export const e = (n: number): Id => formatId("engram", 1, 0, n);
/** The id of the `n`-th connection of these tests. */
export const c = (n: number): Id => formatId("connection", 1, 0, n);
/** The id of the `n`-th context of these tests. */
export const x = (n: number): Id => formatId("context", 1, 0, n);

/** A write of an engram. */
export function put(
  id: Id,
  content: string,
  texts: Partial<EngramTexts> = {},
  rest: Partial<Omit<Write & { op: "engram_put" }, "texts">> = {},
): Write {
  const all = { content, title: null, source: null, ref: null, thread: null, metadata: {}, ...texts };
  return {
    op: "engram_put",
    id,
    kind: "note",
    confidence: 1,
    position: null,
    observedAt: null,
    timeSource: "none",
    validFrom: null,
    validTo: null,
    ...rest,
    texts: Payload.text(JSON.stringify(all)),
  };
}

/** A write of a connection. */
export function link(id: Id, source: Id, target: Id, type = "mentions", weight = 1): Write {
  return { op: "connection_put", id, source, target, type, weight, metadata: Payload.text("{}") };
}

/** A write of a context. */
export function context(id: Id, name: string, owner: string | null = null): Write {
  const texts = Payload.text(JSON.stringify({ name, description: "", metadata: {} }));
  return { op: "context_put", id, owner, texts };
}

/** A membership. */
export const join = (contextId: Id, engram: Id): Write => ({ op: "member_add", context: contextId, engram });

/** An entry at the next index and tick. */
export function entry(graph: Graph, writes: readonly Write[], rest: Partial<GraphEntry> = {}): GraphEntry {
  const index = graph.applied.index + 1, tick = rest.tick ?? index;
  const author = { agent: null, client: "cli", tick, seat: 0 };
  return {
    index,
    hash: new Uint8Array(32).fill(index),
    tick,
    steps: [{ author, writes }],
    rows: [],
    ...rest,
  };
}

/** A graph in memory with one entry for each list of writes; ticks count from 0. */
export function graphOf(...entries: readonly (readonly Write[])[]): Graph {
  const graph = openGraph({ path: ":memory:" });
  for (const writes of entries) graph.commit(entry(graph, writes));
  return graph;
}
