/** Law: a read as of tick t gives what the same read gave after the entry of tick t; and so does a search. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Graph } from "../../src/graph/mod.ts";
import { openGraph } from "../../src/graph/mod.ts";
import type { Write } from "../../src/kernel/records.ts";
import { c, context, e, entry, join, link, put, x } from "../unit/graph/support.ts";

const n = fc.integer({ min: 0, max: 5 });
const words = fc.array(fc.constantFrom("salt", "water", "lake", "running", "Köln", "lighthouse"), {
  maxLength: 6,
});
const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(n, words, n).map(([id, text, at]) =>
      put(e(id), text.join(" "), { thread: at < 3 ? "t" : null }, { position: at })
    ),
  },
  fc.tuple(n, n, n).map(([id, a, b]) => link(c(id), e(a), e(b), a < 3 ? "supersedes" : "mentions")),
  fc.tuple(n, n).map(([a, b]) => join(x(a % 2), e(b))),
  fc.tuple(n, n).map(([a, b]): Write => ({ op: "member_remove", context: x(a % 2), engram: e(b) })),
  n.map((id): Write => ({ op: "engram_delete", id: e(id) })),
  n.map((id): Write => ({ op: "connection_delete", id: c(id) })),
);
const history = fc.array(fc.array(write, { maxLength: 5 }), { minLength: 1, maxLength: 8 });

/** Everything a reader can ask. */
function view(graph: Graph, readable: ReadonlySet<string> | null, asOf?: number) {
  const at = asOf === undefined ? { readable } : { readable, asOf };
  const ids = [0, 1, 2, 3, 4, 5];
  const { scanned: _, ...found } = graph.search({
    text: "salt water kln",
    limit: 10,
    includeSuperseded: true,
    ...at,
  });
  return {
    engrams: ids.map((id) => graph.engram(e(id), asOf, readable)),
    connections: ids.map((id) => graph.connection(c(id), asOf, readable)),
    near: graph.neighbors(e(0), { depth: 3, limit: 10, ...at }),
    paths: graph.paths(e(0), e(1), { depthMax: 4, pathsMax: 10, ...at }),
    members: graph.contextEngrams(x(0), { limit: 10, ...at }),
    contexts: graph.contexts(asOf),
    counts: graph.counts(asOf),
    found,
    listed: graph.search({ limit: 4, ...at }),
  };
}

Deno.test("a read as of a tick gives what it gave after the entry of that tick", () => {
  fc.assert(
    fc.property(history, fc.boolean(), (entries, owner) => {
      const graph = openGraph({ path: ":memory:" });
      const readable = owner ? null : new Set([x(0)]);
      const seen: unknown[] = [];
      for (const writes of [[context(x(0), "a"), context(x(1), "b")], ...entries]) {
        graph.commit(entry(graph, writes));
        seen.push(view(graph, readable));
      }
      seen.forEach((then, tick) => assert.deepEqual(view(graph, readable, tick), then));
      graph.close();
    }),
    { numRuns: 40 },
  );
});

Deno.test("when the index caught up or merged changes no answer and no hash", () => {
  fc.assert(
    fc.property(history, fc.array(fc.boolean()), (entries, idle) => {
      const [eager, lazy] = [
        openGraph({ path: ":memory:", cacheEngramsMax: 0 }),
        openGraph({ path: ":memory:" }),
      ];
      [[context(x(0), "a"), context(x(1), "b")], ...entries].forEach((writes, at) => {
        eager.commit(entry(eager, writes));
        lazy.commit(entry(lazy, writes));
        if (idle[at] === true) eager.maintain();
        else eager.search({ text: "salt", limit: 1 });
      });
      assert.deepEqual(view(eager, null), view(lazy, null));
      assert.deepEqual(eager.rowsHash(), lazy.rowsHash());
      eager.close();
      lazy.close();
    }),
    { numRuns: 40 },
  );
});
