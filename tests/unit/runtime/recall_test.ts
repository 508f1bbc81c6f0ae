import assert from "node:assert/strict";
import { openRuntime, replay, type Runtime, type WriteOp } from "../../../src/mod.ts";
import { toInt8 } from "../../../src/graph/mod.ts";
import type { MemoryInput } from "../../../src/runtime/requests.ts";
import { filesHolding } from "../../support/folder_bytes.ts";
import { codeOf, temporaryFolder, withRuntime } from "../../support/runtimes.ts";

const hash = "a".repeat(64);
const model = { name: "tiny", hash, provider: "cpu" };

async function add(runtime: Runtime, ...memories: readonly MemoryInput[]): Promise<string[]> {
  const ops = memories.map((memory): WriteOp => ({ op: "add", ...memory }));
  const receipt = await runtime.submit({ kind: "write", ops });
  return (receipt.results as { id: string }[]).map(({ id }) => id);
}

/** One of 16 vectors of length 1 that are at right angles to each other, none of whose numbers is large. */
const along = (axis: number) =>
  toInt8(
    Array.from({ length: 16 }, (_, at) => (axis & at).toString(2).split("1").length % 2 === 1 ? 0.25 : -0.25),
  );
const base64 = (...vectors: Int8Array[]) =>
  Uint8Array.from(vectors.flatMap((vector) => [...vector].map((one) => one & 255))).toBase64();

async function embed(runtime: Runtime, id: string, ...vectors: Int8Array[]) {
  const { updatedTick } = await runtime.view({ view: "engram", id });
  const op = {
    op: "embed",
    id,
    updatedTick,
    model: hash,
    dimensions: 16,
    vectors: base64(...vectors),
  } as const;
  return await runtime.submit({ kind: "write", ops: [op] });
}

async function recalled(runtime: Runtime, question: string, axis: number | null = null, more: object = {}) {
  const vector = axis === null ? {} : { vector: { model, numbers: base64(along(axis)) } };
  return await runtime.view({ view: "recall", question, ...vector, ...more });
}

Deno.test("recall without a model finds by words, and says that no model took part", () =>
  withRuntime(async (runtime) => {
    const [boiler = ""] = await add(runtime, { content: "The boiler was serviced." }, {
      content: "Tea at four.",
    });
    const { hits, model: used } = await recalled(runtime, "when was the boiler serviced?");
    assert.deepEqual(hits.map(({ id }) => id), [boiler]);
    assert.equal(used, null);
    assert.deepEqual(hits[0]?.parts, { lexical: 1000, vector: 0, graph: 0 });
  }));

Deno.test("recall finds by meaning what has no word of the question", () =>
  withRuntime(async (runtime) => {
    const [boiler = "", tea = ""] = await add(runtime, { content: "The boiler was serviced." }, {
      content: "Tea at four.",
    });
    await embed(runtime, boiler, along(1));
    await embed(runtime, tea, along(2));
    const { hits, model: used } = await recalled(runtime, "heating maintenance", 1);
    assert.deepEqual(hits.map(({ id }) => id), [boiler]);
    assert.equal(hits[0]?.parts.vector, 1000);
    assert.deepEqual(used, model);
  }));

Deno.test("of a long text the best window counts twice, the whole once", () =>
  withRuntime(async (runtime) => {
    const [long = ""] = await add(runtime, { content: "A long text about many things." });
    await embed(runtime, long, along(1), along(2), along(3));
    const near = async (axis: number) => (await recalled(runtime, "x", axis)).hits[0]?.parts.vector;
    assert.deepEqual([await near(3), await near(1)], [667, 333]);
  }));

Deno.test("a turn is as near to a question as the turns beside it, by the weights of neighbours", () =>
  withRuntime(async (runtime) => {
    const turn = (content: string, position: number) => ({ content, position, thread: "t", source: "chat" });
    const [, asked = "", , , , far = ""] = await add(
      runtime,
      ...["one", "two", "three", "four", "five", "six"].map((content, at) => turn(content, at)),
    );
    await embed(runtime, asked, along(1));
    await embed(runtime, far, along(2));
    const { hits } = await recalled(runtime, "zzzz", 1);
    assert.deepEqual(hits.map(({ content, parts }) => [content, parts.vector]), [
      ["two", 1000],
      ["three", 600],
      ["four", 360],
      ["one", 300],
    ]);
  }));

Deno.test("words of a question that stand together in a text count more than the same words strewn over it", () =>
  withRuntime(async (runtime) => {
    const [strewn = "", together = ""] = await add(
      runtime,
      { content: "The boiler stands in the cellar beside old shelves and jars; nobody saw the warranty." },
      { content: "Beside old shelves and jars in the cellar nobody saw; the boiler warranty stands the." },
    );
    const { hits } = await recalled(runtime, "boiler warranty");
    assert.deepEqual(hits.map(({ id }) => id), [together, strewn]);
  }));

Deno.test("vectors made of a text that changed since are dropped", () =>
  withRuntime(async (runtime) => {
    const [id = ""] = await add(runtime, { content: "The boiler was serviced." });
    const { updatedTick } = await runtime.view({ view: "engram", id });
    await runtime.submit({ kind: "write", ops: [{ op: "update", id, content: "The roof was mended." }] });
    const tick = runtime.status().tick;
    const op = {
      op: "embed",
      id,
      updatedTick,
      model: hash,
      dimensions: 16,
      vectors: base64(along(1)),
    } as const;
    await runtime.submit({ kind: "write", ops: [op] });
    assert.equal(runtime.status().tick, tick);
    assert.deepEqual((await recalled(runtime, "heating", 1)).hits, []);
    const { engrams } = await runtime.view({ view: "unembedded", model: hash });
    assert.deepEqual(engrams.map((one) => one.content), ["The roof was mended."]);
  }));

Deno.test("a vector goes with its text: it is not found after an update until it is made again", () =>
  withRuntime(async (runtime) => {
    const [id = ""] = await add(runtime, { content: "The boiler was serviced." });
    await embed(runtime, id, along(1));
    await runtime.submit({ kind: "write", ops: [{ op: "update", id, content: "The roof was mended." }] });
    assert.deepEqual((await recalled(runtime, "heating", 1)).hits, []);
    await embed(runtime, id, along(2));
    assert.equal((await recalled(runtime, "roofing", 2)).hits.length, 1);
  }));

Deno.test("recall as of a tick uses the texts and vectors of then", () =>
  withRuntime(async (runtime) => {
    const [id = ""] = await add(runtime, { content: "The boiler was serviced." });
    const before = runtime.status().tick;
    await embed(runtime, id, along(1));
    const after = runtime.status().tick;
    await runtime.submit({ kind: "write", ops: [{ op: "update", id, content: "The roof was mended." }] });
    assert.deepEqual((await recalled(runtime, "heating", 1, { at: before })).hits, []);
    const { hits } = await recalled(runtime, "heating", 1, { at: after });
    assert.deepEqual(hits.map(({ content }) => content), ["The boiler was serviced."]);
  }));

Deno.test("recall reaches a text through the thing that both it and the first hit mention", () =>
  withRuntime(async (runtime) => {
    const [leads = "", launch = "", thing = ""] = await add(
      runtime,
      { content: "Ann leads the gateway team." },
      { content: "It goes live on 12 May." },
      { content: "Heron", kind: "thing" },
    );
    const mention = (source: string): WriteOp => ({ op: "connect", source, target: thing, type: "mentions" });
    await runtime.submit({ kind: "write", ops: [mention(leads), mention(launch)] });
    const { hits } = await recalled(runtime, "who leads the gateway team?");
    assert.deepEqual(hits.map(({ id }) => id), [leads, launch]);
    assert.ok((hits[1]?.parts.graph ?? 0) > 0);
  }));

Deno.test("a fact counts for the note it was taken from, and what supersedes comes first", () =>
  withRuntime(async (runtime) => {
    const [note = "", fact = "", old = "", oldFact = ""] = await add(
      runtime,
      { content: "Standup. Heron launches on 12 May. Then lunch.", ref: "a" },
      { content: "Heron launches on 12 May.", kind: "fact" },
      { content: "Heron launches on 28 April.", ref: "b" },
      { content: "Heron launches on 28 April.", kind: "fact" },
    );
    const connect = (source: string, target: string, type: string): WriteOp => ({
      op: "connect",
      source,
      target,
      type,
    });
    await runtime.submit({
      kind: "write",
      ops: [
        connect(fact, note, "from"),
        connect(oldFact, old, "from"),
        connect(fact, oldFact, "supersedes"),
        connect(note, old, "supersedes"),
      ],
    });
    const { hits } = await recalled(runtime, "when does Heron launch?");
    assert.deepEqual(hits.map(({ ref }) => ref), ["a", "b"]);
    assert.deepEqual(hits[0]?.facts.map(({ id }) => id), [fact]);
    assert.equal(hits[1]?.supersededBy, note);
  }));

Deno.test("recall shows nothing of contexts that were not named", () =>
  withRuntime(async (runtime) => {
    for (const name of ["one", "two"]) await runtime.submit({ kind: "context_create", name });
    const [mine = "", theirs = ""] = await add(
      runtime,
      { content: "Secret boiler of one.", context: "one" },
      { content: "Secret boiler of two.", context: "two" },
    );
    await embed(runtime, mine, along(1));
    await embed(runtime, theirs, along(1));
    for (const more of [{ context: "one" }, { contexts: ["one"] }]) {
      const { hits } = await recalled(runtime, "boiler", 1, more);
      assert.deepEqual(hits.map(({ id }) => id), [mine]);
    }
  }));

Deno.test("a log with vectors replays without a model, and a graph made from it recalls the same", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const ids = await add(
    runtime,
    ...Array.from({ length: 20 }, (_, at) => ({ content: `Text number ${at}.` })),
  );
  for (const [at, id] of ids.entries()) await embed(runtime, id, along(at % 16));
  const before = await recalled(runtime, "number", 3);
  await runtime.close();
  const report = await replay({ data: folder.path, workers: 1 });
  assert.equal(report.ok, true, JSON.stringify(report.first));
  for (const suffix of ["", "-wal", "-shm"]) {
    await Deno.remove(`${folder.path}/graph.db${suffix}`).catch(() => null);
  }
  const again = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  assert.deepEqual(await recalled(again, "number", 3), before);
  await again.close();
});

Deno.test("erasing a memory erases its vectors from log and graph", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, workers: 1 });
  const [id = ""] = await add(runtime, { content: "The boiler was serviced in the cellar." });
  const telling = Int8Array.from("not a vector, but known bytes 16", (one) => one.charCodeAt(0));
  await embed(runtime, id, telling.subarray(0, 16), telling.subarray(16));
  assert.notDeepEqual(filesHolding(folder.path, "not a vector"), []);
  await runtime.submit({ kind: "erase", ids: [id] });
  assert.deepEqual(filesHolding(folder.path, "not a vector"), []);
  await runtime.close();
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

Deno.test("vectors that are none are refused, and change nothing", () =>
  withRuntime(async (runtime) => {
    const [id = ""] = await add(runtime, { content: "The boiler was serviced." });
    const good = {
      op: "embed",
      id,
      updatedTick: 1,
      model: hash,
      dimensions: 16,
      vectors: base64(along(1)),
    } as const;
    for (
      const bad of [
        { model: "mini" },
        { updatedTick: -1 },
        { dimensions: 0 },
        { dimensions: 5000 },
        { dimensions: 15 },
        { vectors: "***" },
        { vectors: "" },
      ]
    ) {
      const tick = runtime.status().tick;
      const ops = [{ ...good, ...bad }];
      assert.equal(
        await codeOf(runtime.submit({ kind: "write", ops })),
        "invalid_argument",
        JSON.stringify(bad),
      );
      assert.equal(runtime.status().tick, tick);
    }
    assert.equal(await codeOf(recalled(runtime, " ")), "invalid_argument");
    assert.equal(await codeOf(recalled(runtime, "x", null, { k: 101 })), "invalid_argument");
  }));

Deno.test("recall in a context finds what is in it, however much outside it has the words", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "context_create", name: "work" });
    const others = Array.from({ length: 300 }, (_, at) => ({ content: `heron heron heron ${at}` }));
    await add(runtime, ...others);
    const [inside = ""] = await add(runtime, {
      content: "The launch plan of the project says much, and at its end it names a heron.",
      context: "work",
    });
    const { hits } = await recalled(runtime, "heron", null, { context: "work" });
    assert.deepEqual(hits.map((hit) => hit.id), [inside]);
  }));
