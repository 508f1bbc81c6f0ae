/**
 * Speed of recall at 10,000 and 100,000 memories, and of the exact scan of vectors.
 *
 * Memories are sentences of 40 words with the shape of a language (few common, many rare), half of them turns of
 * conversations, each mentioning one of many things; each has a vector of 384 numbers in one of 200 clusters. Questions
 * are asked once each, in an order of their own kinds: `rare` words, `common` words (each in most memories), and
 * `mixed`, eight words as they come with question words around them.
 *
 * Measured: one thread, a file in the temporary folder, everything in the index, what filling left in memory collected
 * before, the first questions of a kind not counted. `one context` holds a tenth of the memories. Right after a write:
 * one memory is committed, then the question asked, of a reader as the host's doors have one, and of the writer that
 * made it. The scan: int8 in WebAssembly beside Float32Array in plain JavaScript, and how many of the best ten are the
 * same.
 * Not measured: a model's time for the question (bench/model_bench.ts), the way through a host, a cold cache.
 * Prints the hash of the answers.
 */
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DotStore } from "../src/graph/index/dots.ts";
import { type Graph, openGraph, toInt8 } from "../src/graph/mod.ts";
import { best } from "../src/graph/index/best.ts";
import { formatId } from "../src/kernel/ids.ts";
import { Payload } from "../src/kernel/payload.ts";
import type { Write } from "../src/kernel/records.ts";
import { bench, figureOf, report, reportHash, runBenches, seeded, smoke, temporary } from "./measure.ts";

const sizes = smoke ? [500] : [10_000, 100_000];
const dimensions = 384, clusters = 200, perTick = 500, turnsPerThread = 20;
const warmup = smoke ? 2 : 20, asked = smoke ? 4 : 200;
const model = "e".repeat(64);

const random = seeded();
const below = (count: number) => Math.floor(random() * count);
/** A word; the lower `from` and `to` (powers of two), the commoner. */
const word = (from = 0, to = 15) => `word${Math.floor(2 ** (from + random() * (to - from)))}`;
const some = (count: number, from?: number, to?: number) =>
  Array.from({ length: count }, () => word(from, to)).join(" ");

/** About normal: a sum of uniform numbers. */
const normal = () => random() + random() + random() + random() - 2;
const centres = Array.from({ length: clusters }, () => Float32Array.from({ length: dimensions }, normal));

function vectorNear(cluster: number): Float32Array {
  const vector = (centres[cluster] ?? new Float32Array(dimensions)).map((one) => one + normal());
  const length = Math.hypot(...vector);
  return vector.map((one) => one / length);
}

const engramId = (n: number) => formatId("engram", 1, 0, n);

function put(n: number, kind: "note" | "thing", content: string): Write {
  const thread = kind === "note" && n % 2 === 0 ? `thread${Math.floor(n / (2 * turnsPerThread))}` : null;
  const texts = { content, title: null, source: "bench", ref: `r${n}`, thread, metadata: {} };
  return {
    op: "engram_put",
    id: engramId(n),
    kind,
    confidence: 1,
    position: thread === null ? null : n,
    observedAt: null,
    timeSource: "none",
    validFrom: null,
    validTo: null,
    texts: Payload.text(JSON.stringify(texts)),
  };
}

const context = formatId("context", 1, 0, 0);

function writesOf(n: number, notes: number, vectors: Float32Array[]): Write[] {
  const things = Math.max(1, Math.floor(notes / 50)), vector = vectorNear(below(clusters));
  vectors.push(vector);
  const numbers = new Uint8Array(toInt8(vector).buffer);
  const write: Write[] = [
    put(n, "note", some(40)),
    {
      op: "connection_put",
      id: formatId("connection", 1, 0, n),
      source: engramId(n),
      target: engramId(notes + below(things)),
      type: "mentions",
      weight: 1,
      metadata: Payload.text("{}"),
    },
    { op: "vector_put", id: engramId(n), tick: 0, model, dimensions, vectors: new Payload(numbers) },
  ];
  if (n % 10 === 0) write.push({ op: "member_add", context, engram: engramId(n) });
  return write;
}

function fill(graph: Graph, notes: number): Float32Array[] {
  const vectors: Float32Array[] = [];
  const author = { agent: null, client: "bench", tick: 0, seat: 0 };
  const commit = (tick: number, writes: readonly Write[]) =>
    graph.commit({ index: tick, hash: new Uint8Array(32), tick, steps: [{ author, writes }], rows: [] });
  const things = Math.max(1, Math.floor(notes / 50));
  const texts = Payload.text(JSON.stringify({ name: "some", description: "", metadata: {} }));
  commit(0, [
    { op: "context_put", id: context, owner: null, texts },
    ...Array.from({ length: things }, (_, at) => put(notes + at, "thing", some(1, 12))),
  ]);
  for (let n = 0, tick = 1; n < notes; n += perTick, tick++) {
    const writes: Write[] = [];
    for (let at = n; at < Math.min(notes, n + perTick); at++) {
      writes.push(
        ...writesOf(at, notes, vectors).map((one) => one.op === "vector_put" ? { ...one, tick } : one),
      );
    }
    commit(tick, writes);
  }
  while (graph.maintain());
  return vectors;
}

const kinds: Readonly<Record<string, () => string>> = {
  rare: () => some(3, 10, 15),
  common: () => some(3, 0, 4),
  mixed: () => `what did you say about the ${some(8)} when we were there?`,
};

/** µs of each question. */
function timed(questions: readonly string[], ask: (question: string) => string): number[] {
  const samples: number[] = [];
  questions.forEach((question, at) => {
    const started = performance.now();
    const answer = ask(question);
    if (at >= warmup) samples.push((performance.now() - started) * 1000);
    answers.update(answer);
  });
  return samples;
}

const answers = createHash("sha256");

function recallOf(graph: Graph, notes: number): void {
  const group = `recall at ${notes.toLocaleString("en-US")}`;
  const figures = Object.entries(kinds).flatMap(([kind, make]) => {
    const questions = Array.from({ length: warmup + asked }, make);
    const vector = () => ({ model, numbers: toInt8(vectorNear(below(clusters))) });
    const recall = (question: string, more: object) =>
      graph.recall({ question, k: 10, ...more }).hits.map(({ id, score }) => `${id} ${score}\n`).join("");
    return [
      figureOf(group, `${kind}, words and links`, timed(questions, (one) => recall(one, {}))),
      figureOf(group, `${kind}, with vectors`, timed(questions, (one) => recall(one, { vector: vector() }))),
      figureOf(
        group,
        `${kind}, with vectors, one context`,
        timed(questions, (one) => recall(one, { vector: vector(), context })),
      ),
    ];
  });
  report(group, figures);
}

const answersAfter = createHash("sha256");

/** Questions that each come right after one more memory. */
function recallAfterWrites(graph: Graph, path: string, notes: number): void {
  const reader = openGraph({ path, readOnly: true }),
    author = { agent: null, client: "bench", tick: 0, seat: 0 };
  const group = `recall right after a write, at ${notes.toLocaleString("en-US")}`;
  const samples: Record<"reader" | "writer", number[]> = { reader: [], writer: [] };
  for (let asks = 0; asks < (warmup + asked) / 2; asks++) {
    const question = kinds.mixed?.() ?? "", id = engramId(2 * notes + asks);
    const { index, tick } = graph.applied;
    const writes: Write[] = [put(2 * notes + asks, "note", some(40)), {
      op: "member_add",
      context,
      engram: id,
    }];
    const entry = {
      index: index + 1,
      hash: new Uint8Array(32),
      tick: tick + 1,
      steps: [{ author, writes }],
      rows: [],
    };
    graph.commit(entry);
    const vector = { model, numbers: toInt8(vectorNear(below(clusters))) };
    for (const [name, asksOf] of [["reader", reader], ["writer", graph]] as const) {
      const started = performance.now();
      const { hits } = asksOf.recall({ question, k: 10, vector });
      if (asks >= warmup / 2) samples[name].push((performance.now() - started) * 1000);
      answersAfter.update(hits.map(({ id, score }) => `${id} ${score}\n`).join(""));
    }
  }
  reader.close();
  report(group, [
    figureOf(group, "mixed, with vectors, a reader", samples.reader),
    figureOf(group, "mixed, with vectors, the writer", samples.writer),
  ]);
}

/** Has V8 clear away what filling left, 210 MB: the thread that answers a host's doors fills nothing. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") throw new Error("V8 gave no gc()");
  gc();
}

/** The numbers of the ten largest, ties by number. */
const bestTen = (scores: Float32Array | Int32Array) => best(scores.keys(), scores, 10);

function scanOf(vectors: readonly Float32Array[]): void {
  const store = new DotStore(dimensions), floats = new Float32Array(vectors.length * dimensions);
  vectors.forEach((vector, at) => {
    store.add(toInt8(vector));
    floats.set(vector, at * dimensions);
  });
  const dots = new Float32Array(vectors.length);
  const scanFloats = (question: Float32Array) => {
    for (let at = 0, from = 0; at < dots.length; at++, from += dimensions) {
      let sum = 0;
      for (let nth = 0; nth < dimensions; nth++) sum += (floats[from + nth] ?? 0) * (question[nth] ?? 0);
      dots[at] = sum;
    }
    return dots;
  };
  let same = 0;
  const questions = Array.from({ length: smoke ? 2 : 50 }, () => vectorNear(below(clusters)));
  for (const question of questions) {
    const exact = new Set(bestTen(scanFloats(question)));
    same += bestTen(store.dots(toInt8(question))).filter((at) => exact.has(at)).length;
  }
  const group = `scan of ${vectors.length.toLocaleString("en-US")} vectors`;
  console.log(
    `\n${group}: ${(100 * same / questions.length / 10).toFixed(1)} % of the best ten are the same`,
  );
  const [question = new Float32Array(dimensions)] = questions, asInt8 = toInt8(question);
  bench({ group, name: "float32, plain JavaScript", baseline: true, fn: () => scanFloats(question) });
  bench({ group, name: "int8, WebAssembly SIMD", fn: () => store.dots(asInt8) });
}

for (const notes of sizes) {
  const path = `${temporary()}/graph.db`, graph = openGraph({ path });
  const vectors = fill(graph, notes);
  collect();
  recallOf(graph, notes);
  scanOf(vectors);
  if (notes === sizes.at(-1)) recallAfterWrites(graph, path, notes);
  graph.close();
}
reportHash("answers", answers.digest("hex"));
reportHash("answers right after a write", answersAfter.digest("hex"));
await runBenches();
