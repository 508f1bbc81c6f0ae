import assert from "node:assert/strict";
import { openGraph } from "../../../src/graph/mod.ts";
import { Sqlite } from "../../../src/graph/file/sqlite.ts";
import { EngramError } from "../../../src/kernel/errors.ts";
import { temporaryFolder } from "../../support/runtimes.ts";
import { c, context, e, entry, graphOf, join, link, put, x } from "./support.ts";

const ids = (list: readonly { id: string }[]) => list.map((item) => item.id);

Deno.test("openGraph() makes an empty graph at index -1", () => {
  const graph = graphOf();
  assert.deepEqual(graph.applied, { index: -1, hash: new Uint8Array(32), tick: -1 });
  graph.close();
});

Deno.test("engram() gives what engram_put wrote", () => {
  const graph = graphOf([
    context(x(0), "personal"),
    put(e(0), "Water boils", { title: "Heat", metadata: { a: [1] } }, { observedAt: 0, timeSource: "given" }),
    join(x(0), e(0)),
  ]);
  assert.deepEqual(graph.engram(e(0)), {
    id: e(0),
    kind: "note",
    content: "Water boils",
    title: "Heat",
    source: null,
    ref: null,
    confidence: 1,
    metadata: { a: [1] },
    contexts: [x(0)],
    thread: null,
    position: null,
    observedAt: "1970-01-01T00:00:00.000Z",
    timeSource: "given",
    validFrom: null,
    validTo: null,
    createdTick: 0,
    updatedTick: 0,
    supersededBy: null,
    by: { agent: null, client: "cli", tick: 0, seat: 0 },
  });
  graph.close();
});

Deno.test("engram() as of a tick gives the version that held after it", () => {
  const graph = graphOf([put(e(0), "one")], [put(e(0), "two")], [{ op: "engram_delete", id: e(0) }]);
  assert.deepEqual([0, 1, 2, undefined].map((at) => graph.engram(e(0), at)?.content ?? null), [
    "one",
    "two",
    null,
    null,
  ]);
  graph.close();
});

Deno.test("engram() forgets what it cached when a commit changes it", () => {
  const graph = graphOf([put(e(0), "one")]);
  assert.equal(graph.engram(e(0))?.content, "one");
  graph.commit(entry(graph, [put(e(0), "two")]));
  assert.equal(graph.engram(e(0))?.content, "two");
  graph.close();
});

Deno.test("engram_delete ends connections and memberships", () => {
  const graph = graphOf([
    context(x(0), "p"),
    put(e(0), "a"),
    put(e(1), "b"),
    join(x(0), e(0)),
    link(c(0), e(0), e(1)),
    link(c(1), e(1), e(0)),
  ], [{ op: "engram_delete", id: e(0) }]);
  assert.deepEqual(
    [
      graph.connection(c(0)),
      graph.connection(c(1)),
      graph.isMember(x(0), e(0)),
      graph.context(x(0))?.engrams,
    ],
    [null, null, false, 0],
  );
  assert.equal(graph.connection(c(0), 0)?.target, e(1));
  graph.close();
});

Deno.test("supersededBy is the newest live superseding engram", () => {
  const graph = graphOf(
    [put(e(0), "old"), put(e(1), "new"), put(e(2), "newer"), link(c(0), e(1), e(0), "supersedes")],
    [link(c(1), e(2), e(0), "supersedes")],
    [{ op: "connection_delete", id: c(1) }],
    [{ op: "engram_delete", id: e(1) }],
  );
  assert.deepEqual([0, 1, 2, 3].map((at) => graph.engram(e(0), at)?.supersededBy), [e(1), e(2), e(1), null]);
  assert.equal(graph.engram(e(0))?.supersededBy, null);
  graph.close();
});

Deno.test("a reader sees an engram only through its own contexts", () => {
  const graph = graphOf([
    context(x(0), "a"),
    context(x(1), "b"),
    put(e(0), "both"),
    put(e(1), "b only"),
    put(e(2), "none"),
    join(x(0), e(0)),
    join(x(1), e(0)),
    join(x(1), e(1)),
  ]);
  const readable = new Set([x(0)]);
  assert.deepEqual(graph.engram(e(0), undefined, readable)?.contexts, [x(0)]);
  assert.deepEqual([e(1), e(2)].map((id) => graph.engram(id, undefined, readable)), [null, null]);
  graph.close();
});

Deno.test("connection_put on the same ends and type leaves one live connection", () => {
  const graph = graphOf([put(e(0), "a"), put(e(1), "b"), link(c(0), e(0), e(1))], [
    link(c(0), e(0), e(1), "mentions", 0.5),
  ]);
  assert.deepEqual(graph.connectionsOf(e(0)).map((one) => [one.id, one.weight]), [[c(0), 0.5]]);
  assert.equal(graph.connectionBetween(e(0), e(1), "mentions", 0)?.weight, 1);
  graph.close();
});

Deno.test("connectionsOf() gives the first made on each side, of a type and of what may be read, however many there are", () => {
  const many = 300, types = ["mentions", "from", "about"];
  const others = Array.from({ length: many }, (_, n) => put(e(n + 1), `note ${n}`));
  const graph = graphOf(
    [context(x(0), "a"), put(e(0), "hub"), join(x(0), e(0)), ...others],
    Array.from({ length: many }, (_, n) => n % 7 === 0 ? join(x(0), e(n + 1)) : []).flat(),
    Array.from({ length: many }, (_, n) => {
      const [source, target] = n % 4 === 0 ? [e(0), e(n + 1)] : [e(n + 1), e(0)];
      return link(c(n), source, target, types[n % 3]);
    }),
  );
  const all = Array.from({ length: many }, (_, n) => n);
  for (const direction of ["out", "in", "both"] as const) {
    for (const type of [undefined, ...types, "none"]) {
      for (const readable of [undefined, new Set([x(0)])]) {
        for (const limit of [1, 2, 5, 40, 1000]) {
          const fits = (n: number) =>
            (type === undefined || types[n % 3] === type) && (readable === undefined || n % 7 === 0);
          const side = (out: boolean) => all.filter((n) => (n % 4 === 0) === out && fits(n)).slice(0, limit);
          const expected = [
            ...direction === "in" ? [] : side(true),
            ...direction === "out" ? [] : side(false),
          ];
          const options = { direction, limit, ...(type && { type }), ...(readable && { readable }) };
          assert.deepEqual(
            ids(graph.connectionsOf(e(0), options)),
            expected.map(c).sort().slice(0, limit),
            JSON.stringify({ direction, type, limit, isBounded: readable !== undefined }),
          );
        }
      }
    }
  }
  graph.close();
});

Deno.test("a write about something that is not there changes nothing", () => {
  const graph = graphOf([
    put(e(0), "a"),
    link(c(0), e(0), e(9)),
    join(x(9), e(0)),
    {
      op: "member_remove",
      context: x(9),
      engram: e(9),
    },
    { op: "connection_delete", id: c(5) },
    { op: "engram_delete", id: e(7) },
  ]);
  assert.deepEqual(graph.counts(), { engrams: 1, connections: 0, contexts: 0 });
  graph.close();
});

// proves: engram-3.2-contexts, engram-3.2-participation
Deno.test("contexts, their agents and their engrams are read by id, by name and by agent", () => {
  const graph = graphOf([
    context(x(0), "alpha", "scout"),
    { op: "context_agent_put", context: x(0), agent: "scout", access: "read" },
    put(e(0), "a"),
    put(e(1), "b"),
    put(e(2), "c"),
    ...[e(0), e(1), e(2)].map((id) => join(x(0), id)),
  ], [{ op: "context_agent_put", context: x(0), agent: "scout", access: "write" }]);
  assert.equal(graph.contextByName("alpha")?.id, x(0));
  graph.commit(entry(graph, [context(x(1), "alpha"), context(x(2), x(1))]));
  assert.deepEqual(["alpha", x(0), x(1), x(3), "beta"].map((one) => graph.contextIdOf(one)), [
    x(0),
    x(0),
    x(1),
    null,
    null,
  ]);
  assert.deepEqual(graph.context(x(0))?.agents, [{ agent: "scout", access: "write" }]);
  assert.deepEqual(graph.contextsForAgent("scout", 0), [{ context: x(0), access: "read" }]);
  assert.deepEqual(ids(graph.contextEngrams(x(0), { limit: 2 })), [e(0), e(1)]);
  assert.deepEqual(ids(graph.contextEngrams(x(0), { limit: 2, after: e(1) })), [e(2)]);
  graph.close();
});

Deno.test("findByRef() finds by source and ref, within a context if one is given", () => {
  const graph = graphOf([
    context(x(0), "a"),
    context(x(1), "b"),
    put(e(0), "a", { source: "notes", ref: "a.md#1" }),
    put(e(1), "b", { source: "mail", ref: "a.md#1" }),
    join(x(0), e(0)),
  ]);
  assert.deepEqual([
    graph.findByRef("notes", "a.md#1"),
    graph.findByRef("mail", "a.md#1"),
    graph.findByRef(null, "a.md#1"),
    graph.findByRef("notes", "a.md#1", x(0)),
    graph.findByRef("notes", "a.md#1", x(1)),
  ], [e(0), e(1), null, e(0), null]);
  graph.close();
});

Deno.test("thread() gives the engrams of a thread by position", () => {
  const graph = graphOf([
    put(e(0), "second", { thread: "t", source: "s" }, { position: 2 }),
    put(e(1), "first", { thread: "t", source: "s" }, { position: 1 }),
    put(e(2), "other", { thread: "t", source: "r" }, { position: 0 }),
  ]);
  assert.deepEqual(ids(graph.thread("t", { source: "s" })), [e(1), e(0)]);
  graph.close();
});

Deno.test("versions() gives every version with its author and ticks", () => {
  const graph = graphOf([put(e(0), "one")], [put(e(0), "two")]);
  assert.deepEqual(
    graph.versions(e(0)).map((v) => [v.fromTick, v.toTick, v.engram.content, v.by.tick]),
    [[0, 1, "one", 0], [1, null, "two", 1]],
  );
  graph.close();
});

Deno.test("kernel rows are put, listed by prefix and deleted by the entry", () => {
  const graph = graphOf();
  const value = new Uint8Array([1]);
  graph.commit(entry(graph, [], { rows: ["a/1", "a/2", "b/1"].map((key) => ({ key, value })) }));
  graph.commit(entry(graph, [], { rows: [{ key: "a/2", value: null }] }));
  assert.deepEqual(graph.rows("a/"), [{ key: "a/1", value }]);
  assert.deepEqual([graph.row("b/1"), graph.row("a/2")], [value, null]);
  graph.close();
});

Deno.test("image() gives back the image parked last, and none after dropImage()", () => {
  const graph = graphOf();
  const image = { completedIndex: 7, digest: new Uint8Array(32), bytes: new Uint8Array([1, 2]) };
  graph.putImage("scout", image);
  assert.deepEqual(graph.image("scout"), image);
  graph.dropImage("scout");
  assert.equal(graph.image("scout"), null);
  graph.close();
});

Deno.test("commit() leaves nothing of an entry that fails", () => {
  const graph = graphOf([put(e(0), "a")]);
  const broken = { key: "k", value: NaN as unknown as Uint8Array };
  assert.throws(() => graph.commit(entry(graph, [put(e(1), "b")], { rows: [broken] })), /Fault/);
  assert.equal(graph.engram(e(1)), null);
  assert.equal(graph.applied.index, 0);
  graph.commit(entry(graph, [put(e(1), "b")]));
  assert.equal(graph.engram(e(1))?.content, "b");
  graph.close();
});

Deno.test("commit() takes only the next index", () => {
  const graph = graphOf([put(e(0), "a")]);
  assert.throws(() => graph.commit(entry(graph, [], { index: 5 })), /entry 5 after 0/);
  graph.close();
});

Deno.test("changes() pages whole ticks and resumes exactly", () => {
  const graph = graphOf([put(e(0), "a"), put(e(1), "b")], [put(e(2), "c")], [], [put(e(0), "d")]);
  const first = graph.changes(0, 1);
  assert.deepEqual([ids(first.changes), first.nextTick], [[e(0), e(1)], 1]);
  const second = graph.changes(first.nextTick, 10);
  assert.deepEqual([ids(second.changes), second.nextTick], [[e(2), e(0)], 4]);
  assert.deepEqual(graph.changes(second.nextTick, 10), { changes: [], nextTick: 4 });
  graph.close();
});

Deno.test("changes() shows a reader what it could see before or after the tick, and nothing else", () => {
  const graph = graphOf([context(x(0), "a"), put(e(0), "a"), put(e(1), "b"), join(x(0), e(0))], [
    put(e(1), "hidden"),
    { op: "engram_delete", id: e(0) },
  ]);
  const { changes } = graph.changes(1, 10, { readable: new Set([x(0)]) });
  assert.deepEqual(changes, [{ tick: 1, op: "engram_delete", id: e(0) }]);
  graph.close();
});

Deno.test("idsByPrefix() lists ids in order", () => {
  const graph = graphOf([put(e(0), "a"), put(e(1), "b"), put(e(2), "c")]);
  assert.deepEqual(graph.idsByPrefix("e", 2), [e(0), e(1)]);
  graph.close();
});

// proves: engram-3.1-core, deploy-local-local_storage
Deno.test("a file keeps everything, and a second connection to read follows its commits", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/graph.db`;
  const graph = openGraph({ path });
  graph.commit(entry(graph, [put(e(0), "one")]));
  const reader = openGraph({ path, readOnly: true });
  assert.equal(reader.engram(e(0))?.content, "one");
  graph.commit(entry(graph, [put(e(0), "two")]));
  assert.equal(reader.engram(e(0))?.content, "two");
  assert.equal(reader.applied.index, 1);
  reader.close();
  graph.maintain();
  graph.integrityCheck();
  graph.close();
  const again = openGraph({ path });
  assert.equal(again.engram(e(0))?.content, "two");
  again.close();
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("openGraph() refuses a file of a newer schema", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/graph.db`;
  openGraph({ path }).close();
  const db = new Sqlite(path);
  db.exec("pragma user_version = 99");
  db.close();
  assert.throws(
    () => openGraph({ path }),
    (error) => error instanceof EngramError && error.code === "data_folder_newer",
  );
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("openGraph() refuses a file that is not a database", () => {
  const path = Deno.makeTempFileSync();
  Deno.writeTextFileSync(path, "not a database, but longer than a header of one hundred bytes ".repeat(20));
  assert.throws(
    () => openGraph({ path }),
    (error) => error instanceof EngramError && error.code === "graph_corrupt",
  );
  Deno.removeSync(path);
});

Deno.test("rowsHash() tells graphs apart by their rows", () => {
  const hex = (graph: ReturnType<typeof graphOf>) => {
    const text = graph.rowsHash().toHex();
    graph.close();
    return text;
  };
  assert.equal(hex(graphOf([put(e(0), "a")])), hex(graphOf([put(e(0), "a")])));
  assert.notEqual(hex(graphOf([put(e(0), "a")])), hex(graphOf([put(e(0), "b")])));
});

Deno.test("newestIn() gives members of one kind that hold now, the newest made first, of as many as are looked at", () => {
  const member = (
    n: number,
    kind: "note" | "fact",
  ) => [put(e(n), `text ${n}`, {}, { kind }), join(x(0), e(n))];
  const graph = graphOf([
    context(x(0), "heron"),
    ...member(0, "note"),
    ...member(1, "fact"),
    ...member(2, "note"),
    ...member(3, "note"),
    put(e(4), "elsewhere"),
  ], [{ op: "engram_delete", id: e(3) }]);
  const ids = (lookedMax: number, limit = 9) =>
    graph.newestIn(x(0), { kind: "note", limit, lookedMax }).map(({ id }) => id);
  assert.deepEqual([ids(9), ids(9, 1), ids(2)], [[e(2), e(0)], [e(2)], [e(2)]]);
  assert.deepEqual(graph.newestIn(x(7), { kind: "note", limit: 9, lookedMax: 9 }), []);
  graph.close();
});

Deno.test("a graph file that can't be opened is refused with the way to rebuild it", () => {
  using folder = temporaryFolder();
  Deno.mkdirSync(`${folder.path}/graph.db`, { recursive: true });
  assert.throws(
    () => openGraph({ path: `${folder.path}/graph.db` }),
    (error) =>
      error instanceof EngramError && error.code === "io_failed" && /rebuilt from the log/.test(error.hint),
  );
});
