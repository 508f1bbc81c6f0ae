/** Law: whether the rows of entries waited, and what was read meanwhile, changes no answer and no row. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Graph, type GraphEntry, openGraph } from "../../src/graph/mod.ts";
import { Sqlite } from "../../src/graph/file/sqlite.ts";
import type { Write } from "../../src/kernel/records.ts";
import { context, e, join, put, x } from "../unit/graph/support.ts";

const n = fc.nat(3);
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(n, n).map(([id, text]) => put(e(id), `Heron ${text}`)) },
  { weight: 1, arbitrary: n.map((id): Write => ({ op: "engram_delete", id: e(id) })) },
  { weight: 1, arbitrary: n.map((id) => join(x(0), e(id))) },
);
/** What is done after an entry: nothing, or something that reads the file. */
const look = fc.constantFrom(
  "nothing",
  "nothing",
  "engram",
  "engram",
  "counts",
  "search",
  "rows",
  "put rows",
);
const history = fc.array(
  fc.record({ writes: fc.array(write, { maxLength: 4 }), look, waits: fc.boolean() }),
  {
    minLength: 1,
    maxLength: 20,
  },
);

function looked(graph: Graph, what: string): unknown {
  switch (what) {
    case "engram":
      return [0, 1, 2, 3].map((id) => graph.engram(e(id)));
    case "counts":
      return graph.counts();
    case "search":
      return graph.search({ text: "heron", limit: 10 }).hits;
    case "rows":
      return graph.rows("k/");
    case "put rows":
      return graph.putRows([{ key: "k/put", value: Uint8Array.of(1) }]);
    default:
      return null;
  }
}

function entryAt(index: number, writes: readonly Write[]): GraphEntry {
  const author = { agent: null, client: "cli", tick: index, seat: 0 };
  const rows = [{ key: `k/${index}`, value: Uint8Array.of(index) }];
  return { index, hash: new Uint8Array(32).fill(index), tick: index, steps: [{ author, writes }], rows };
}

const tables = ["engram", "engram_version", "member", "change", "document_ended", "kernel_row", "meta"];

function rowsOf(path: string): unknown {
  const db = new Sqlite(path);
  const rows = tables.map((table) => db.rows(`select * from ${table} order by 1`));
  db.close();
  return rows;
}

Deno.test("entries whose rows waited leave the answers and the rows of entries that did not", () => {
  const folder = Deno.makeTempDirSync();
  let run = 0, waited = 0;
  fc.assert(
    fc.property(history, (entries) => {
      const paths = [`${folder}/${run}a.db`, `${folder}/${run++}b.db`] as const;
      const [eager, lazy] = [openGraph({ path: paths[0] }), openGraph({ path: paths[1] })];
      const start = entryAt(0, [context(x(0), "a"), ...[0, 1, 2, 3].map((id) => put(e(id), "first"))]);
      eager.commit(start);
      lazy.commit(start);
      looked(lazy, "engram");
      entries.forEach(({ writes, look, waits }, at) => {
        const entry = entryAt(at + 1, writes);
        eager.commit(entry);
        if (waits && lazy.defer(entry)) waited++;
        else lazy.commit(entry);
        assert.deepEqual(looked(lazy, look), looked(eager, look));
      });
      assert.deepEqual(lazy.applied, eager.applied);
      assert.deepEqual(lazy.rowsHash(), eager.rowsHash());
      eager.close();
      lazy.close();
      assert.deepEqual(rowsOf(paths[1]), rowsOf(paths[0]));
    }),
    { numRuns: 25 },
  );
  assert.ok(waited > 10, `only ${waited} entries waited`);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("entries that are sealed and written before later ones leave the same rows", () => {
  const folder = Deno.makeTempDirSync(), ids = fc.uniqueArray(n, { minLength: 1, maxLength: 3 });
  const steps = fc.array(fc.record({ ids, then: fc.constantFrom("wait", "seal", "write") }), {
    maxLength: 30,
  });
  let run = 0, sealed = 0;
  fc.assert(
    fc.property(steps, (entries) => {
      const paths = [`${folder}/${run}a.db`, `${folder}/${run++}b.db`] as const;
      const graphs = [openGraph({ path: paths[0] }), openGraph({ path: paths[1] })] as const;
      for (const graph of graphs) {
        graph.commit(entryAt(0, [0, 1, 2, 3].map((id) => put(e(id), "first"))));
        looked(graph, "engram");
      }
      const [eager, lazy] = graphs;
      entries.forEach(({ ids, then }, at) => {
        const entry = entryAt(at + 1, ids.map((id) => put(e(id), `at ${at}`)));
        eager.commit(entry);
        if (!lazy.defer(entry)) lazy.commit(entry);
        else if (then === "seal") lazy.seal();
        else if (then === "write" && lazy.lastSealed !== null) sealed += lazy.writeSealed();
        assert.deepEqual(looked(lazy, "engram"), looked(eager, "engram"));
      });
      assert.deepEqual(lazy.applied, eager.applied);
      for (const graph of graphs) graph.close();
      assert.deepEqual(rowsOf(paths[1]), rowsOf(paths[0]));
    }),
    { numRuns: 25 },
  );
  assert.ok(sealed > 10, `only ${sealed} entries were written before later ones`);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("defer() takes no entry that does more than change engrams that are cached", () => {
  const graph = openGraph({ path: ":memory:" });
  graph.commit(entryAt(0, [put(e(0), "one"), put(e(1), "two")]));
  graph.engram(e(0));
  const others: Write[][] = [[put(e(1), "not cached")], [put(e(2), "new")], [{
    op: "engram_delete",
    id: e(0),
  }]];
  assert.deepEqual(others.map((writes) => graph.defer(entryAt(1, writes))), [false, false, false]);
  assert.equal(graph.defer(entryAt(1, [put(e(0), "three")])), true);
  assert.deepEqual([graph.deferredCount, graph.engram(e(0))?.content, graph.deferredCount], [1, "three", 1]);
  assert.deepEqual([graph.applied.index, graph.deferredCount], [1, 0]);
  graph.close();
});

Deno.test("defer() takes entries up to a limit, and a refused commit forgets them: they are committed anew", () => {
  const path = `${Deno.makeTempDirSync()}/graph.db`;
  const graph = openGraph({ path });
  graph.commit(entryAt(0, [put(e(0), "0")]));
  graph.engram(e(0));
  const entries = Array.from({ length: 17 }, (_, at) => entryAt(at + 1, [put(e(0), `${at + 1}`)]));
  assert.deepEqual(entries.map((entry) => graph.defer(entry)), [...Array(16).fill(true), false]);
  const other = new Sqlite(path);
  graph.maintain();
  assert.equal(graph.applied.index, 16);
  let index = 16;
  for (const refused of [() => graph.counts(), () => graph.writeSealed()]) {
    const before = index, more = [++index, ++index].map((at) => entryAt(at, [put(e(0), `${at}`)]));
    assert.deepEqual(more.map((entry) => graph.defer(entry) && graph.seal()), [true, false]);
    other.exec(
      "create trigger full before insert on engram_version begin select raise(abort, 'disk is full'); end",
    );
    assert.throws(refused, { code: "disk_full" });
    assert.deepEqual([graph.engram(e(0))?.content, graph.applied.index], [`${before}`, before]);
    other.exec("drop trigger full");
    for (const entry of more) graph.commit(entry);
    assert.deepEqual([graph.engram(e(0))?.content, graph.applied.index, graph.counts().engrams], [
      `${index}`,
      index,
      1,
    ]);
  }
  other.close();
  graph.close();
});

Deno.test("defer() takes an entry whose engrams push each other out of the cache", () => {
  const graph = openGraph({ path: ":memory:", cacheEngramsMax: 4 }), twin = openGraph({ path: ":memory:" });
  const large = "heron ".repeat(2_000_000), all = [0, 1, 2, 3];
  const start = entryAt(0, all.map((id) => put(e(id), "small")));
  const grown = entryAt(1, all.map((id) => put(e(id), `${id} ${large}`)));
  for (const one of [graph, twin]) one.commit(start);
  for (const id of all) graph.engram(e(id));
  assert.equal(graph.defer(grown), true);
  twin.commit(grown);
  assert.deepEqual(all.map((id) => graph.engram(e(id))), all.map((id) => twin.engram(e(id))));
  assert.deepEqual(graph.rowsHash(), twin.rowsHash());
  graph.close();
  twin.close();
});
