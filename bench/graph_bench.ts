/**
 * Speed of the graph: commits, reads, search, opening; each group beside the raw operation in the same run.
 *
 * Prints the hash of the rows and of the answers.
 *
 * Measured: one thread, a file in the temporary folder, WAL with synchronous NORMAL.
 * Not measured: the log, several readers, a cold page cache.
 */
import Libsql from "libsql";
import { createHash } from "node:crypto";
import { type Graph, openGraph } from "../src/graph/mod.ts";
import { formatId } from "../src/kernel/ids.ts";
import { Payload } from "../src/kernel/payload.ts";
import type { Write } from "../src/kernel/records.ts";
import { bench, reportHash, runBenches, seeded, smoke, temporary } from "./measure.ts";

const engrams = smoke ? 200 : 20_000, perTick = 50;
const folder = temporary();

// A fixed sequence of words with the shape of a language: few common, many rare.
const random = seeded();
const word = () => `word${Math.floor(2 ** (random() * 15))}`;
const sentence = (words: number) => Array.from({ length: words }, word).join(" ");
const engramId = (n: number) => formatId("engram", 1, 0, n);

function put(n: number, content: string): Write {
  const texts = { content, title: null, source: "bench", ref: `r${n}`, thread: null, metadata: {} };
  return {
    op: "engram_put",
    id: engramId(n),
    kind: "note",
    confidence: 1,
    position: null,
    observedAt: null,
    timeSource: "none",
    validFrom: null,
    validTo: null,
    texts: Payload.text(JSON.stringify(texts)),
  };
}

function commit(graph: Graph, writes: readonly Write[]): void {
  const index = graph.applied.index + 1;
  const author = { agent: "bench", client: null, tick: index, seat: 0 };
  graph.commit({ index, hash: new Uint8Array(32), tick: index, steps: [{ author, writes }], rows: [] });
}

function fill(path: string): Graph {
  const graph = openGraph({ path });
  for (let n = 0; n < engrams; n += perTick) {
    const writes: Write[] = [];
    for (let at = n; at < n + perTick; at++) {
      writes.push(put(at, sentence(20)));
      if (at > 0) {
        writes.push({
          op: "connection_put",
          id: formatId("connection", 1, 0, at),
          source: engramId(at),
          target: engramId(Math.floor(random() * at)),
          type: "mentions",
          weight: 1,
          metadata: Payload.text("{}"),
        });
      }
    }
    commit(graph, writes);
  }
  return graph;
}

const path = `${folder}/graph.db`;
const graph = fill(path);
while (graph.maintain());

const raw = new Libsql(`${folder}/raw.db`);
raw.exec(
  "pragma journal_mode = wal; pragma synchronous = normal; create table t (id text primary key, body text)",
);
const rawPut = raw.prepare("insert or replace into t values (?, ?)");
const rawGet = raw.prepare("select body from t where id = ?").raw(true);
const body = sentence(20);

let next = 0;
const someId = () => engramId(next = (next + 7919) % engrams);

bench({
  name: `raw insert or replace of ${perTick} rows, one transaction`,
  group: "commit",
  baseline: true,
  fn: () => {
    raw.exec("begin");
    for (let n = 0; n < perTick; n++) rawPut.run([engramId(n), body]);
    raw.exec("commit");
  },
});
bench({
  name: `commit() of ${perTick} new versions`,
  group: "commit",
  fn: () => {
    commit(graph, Array.from({ length: perTick }, (_, n) => put(n, body)));
  },
});

bench({
  name: "raw get by text id",
  group: "read",
  baseline: true,
  fn: () => {
    rawGet.get([engramId(next = (next + 1) % perTick)]);
  },
});
bench({
  name: "engram() cached",
  group: "read",
  fn: () => {
    graph.engram(engramId(next = (next + 1) % perTick));
  },
});
bench({
  name: "engram() from the file",
  group: "read",
  fn: () => {
    graph.engram(someId());
  },
});
bench({
  name: "engram() as of an older tick",
  group: "read",
  fn: () => {
    graph.engram(someId(), Math.floor(engrams / perTick));
  },
});
bench({
  name: "neighbors() two steps, 20",
  group: "read",
  fn: () => {
    graph.neighbors(someId(), { depth: 2, limit: 20 });
  },
});

// A person or project that all notes name.
const hub = openGraph({ path: `${folder}/hub.db` });
commit(hub, Array.from({ length: engrams }, (_, n) => put(n, "note")));
commit(
  hub,
  Array.from({ length: engrams - 1 }, (_, n) => ({
    op: "connection_put",
    id: formatId("connection", 1, 0, n),
    source: engramId(n + 1),
    target: engramId(0),
    type: "mentions",
    weight: 1,
    metadata: Payload.text("{}"),
  })),
);
for (const [of, id] of [["one connection", 1], [`${engrams - 1} connections`, 0]] as const) {
  bench({
    name: `connectionsOf() a type, at most 32, of an engram with ${of}`,
    group: "many connections",
    baseline: id === 1,
    fn: () => {
      hub.connectionsOf(engramId(id), { direction: "in", type: "from", limit: 32 });
    },
  });
}
bench({
  name: `neighbors() one step, 20, of an engram with ${engrams - 1}`,
  group: "many connections",
  fn: () => {
    hub.neighbors(engramId(0), { depth: 1, limit: 20 });
  },
});

bench({
  name: "search() a rare word",
  group: "search",
  baseline: true,
  fn: () => {
    graph.search({ text: "word20011", limit: 10 });
  },
});
bench({
  name: "search() five words",
  group: "search",
  fn: () => {
    graph.search({ text: "word3 word70 word999 word12345 word30000", limit: 10 });
  },
});
bench({
  name: "search() a word of every third text",
  group: "search",
  fn: () => {
    graph.search({ text: "word2", limit: 10 });
  },
});

bench({
  name: "openGraph() of a filled folder, and close",
  group: "open",
  fn: () => {
    openGraph({ path }).close();
  },
});

{
  const answers = createHash("sha256").update(graph.rowsHash());
  for (let n = 0; n < 20; n++) {
    answers.update(JSON.stringify(graph.search({ text: sentence(3), limit: 10 })));
    answers.update(JSON.stringify(graph.neighbors(engramId(n), { depth: 3, limit: 20 })));
  }
  reportHash(`rows and answers of ${engrams} engrams`, answers.digest("hex"));
}

await runBenches();
