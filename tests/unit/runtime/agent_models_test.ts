import assert from "node:assert/strict";
import { EngramError, replay, type Runtime } from "../../../src/mod.ts";
import { embedWaiting, serveTexts } from "../../../src/runtime/models/embedding.ts";
import { actionOf, callsOf, loadCaller } from "../../conformance/every_call.ts";
import { codeOf, withRuntime } from "../../support/runtimes.ts";
import { openModels } from "../../../src/model/mod.ts";
import { workerUrl } from "../../../src/runtime/assets.ts";
import { layOut } from "../../support/model_hub.ts";
import { tinyModel } from "../../support/onnx.ts";
import { wat } from "../../support/wat.ts";
import { wordEmbedder } from "../../support/word_embedder.ts";

const unheard = (error: unknown) => assert.fail(String(error));
const anyModel = [{ capability: "model", scope: ["*"] }, { capability: "read", scope: ["*"] }] as const;

interface Json {
  readonly [key: string]: Json;
}

async function reasonsOf(runtime: Runtime): Promise<string[]> {
  const { tick } = runtime.status();
  const { entries } = await runtime.view({ view: "log", from: 0, limit: tick + 1 });
  return entries.flatMap(({ steps }) => steps.flatMap(({ reason }) => reason === "" ? [] : [reason]));
}

Deno.test("a step that embeds is carried over until the model has answered, and verifies with 1, 2 and 4 workers", () =>
  withRuntime(async (runtime, path) => {
    const embedder = wordEmbedder();
    serveTexts(runtime, embedder, unheard);
    for (const agent of ["a", "b", "c"]) await loadCaller(runtime, agent, anyModel);
    const texts = ["one text", "another text", "a third text"];
    const answers = await Promise.all(
      ["a", "b", "c"].map((agent) => callsOf(runtime, agent)(...texts.map((text) => ["embed", text]))),
    ) as Json[];
    assert.deepEqual(answers.map(({ model }) => model?.["name"]), ["words", "words", "words"]);
    assert.equal(new Set(answers.map(({ vector }) => vector)).size, 1);
    assert.deepEqual([...new Set(await reasonsOf(runtime))], ["awaits_model"]);
    assert.equal(embedder.asked.length, 9);
    for (const workers of [1, 2, 4]) assert.equal((await replay({ data: path, workers })).ok, true);
    assert.equal(embedder.asked.length, 9);
  }));

// proves: rfc-9-onnx
Deno.test("what agents recall by meaning replays without a model", () =>
  withRuntime(async (runtime) => {
    const embedder = wordEmbedder();
    serveTexts(runtime, embedder, unheard);
    await loadCaller(runtime, "a", anyModel);
    await runtime.submit({
      kind: "write",
      ops: [{ op: "add", content: "The boiler was serviced." }, { op: "add", content: "Tea at four." }],
    });
    await embedWaiting(runtime, embedder);
    const { hits, model } = await callsOf(runtime, "a")(["recall", "the boiler"]) as Json;
    assert.equal(Array.isArray(hits) ? hits[0].content : null, "The boiler was serviced.");
    assert.deepEqual(model, { name: "words", hash: "b".repeat(64), provider: "cpu" });
  }));

/** An agent that has its params embedded, answers what it got, and writes over all the memory that held it. */
const scribbler = wat(`(module
  (import "engram" "embed" (func $embed (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4 4)
  (global $heap (mut i32) (i32.const 131072))
  (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "release"))
  (func (export "engram_alloc") (param $size i32) (result i32)
    (global.get $heap) (global.set $heap (i32.add (global.get $heap) (local.get $size))))
  (func (export "engram_free") (param i32 i32))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0))
  (func (export "execute") (param i32 i32) (param $p i32) (param $n i32) (result i32) (local $len i32)
    (i32.store (i32.const 8) (i32.const 60000))
    (if (call $embed (local.get $p) (local.get $n) (i32.const 65536) (i32.const 8)) (then (unreachable)))
    (local.set $len (i32.load (i32.const 8)))
    (i32.store (i32.const 196608) (local.get $len))
    (memory.copy (i32.const 196612) (i32.const 65536) (local.get $len))
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 131072))
    (i32.const 196608)))`).toBase64();

// proves: rfc-4.1-onnx_memory
Deno.test("an agent gets a model's answer in its own memory; what it does there reaches no model", () =>
  withRuntime(async (runtime) => {
    const root = await Deno.makeTempDir({ prefix: "engramlt-models-" });
    const models = openModels({ folder: `${root}/models`, worker: workerUrl("model") });
    try {
      await layOut(`${root}/tiny`, tinyModel());
      await models.pull(`${root}/tiny`);
      serveTexts(runtime, models, unheard);
      const manifest = {
        ...{ manifest: 1, id: "a", version: "1.0.0", abi: "engram@1" },
        capabilities: [{ name: "model", scope: "*", reason: "To embed" }],
      };
      for (const agent of ["a", "b"]) {
        await runtime.submit({
          kind: "agent_load",
          agent,
          wasm: scribbler,
          manifest: { ...manifest, id: agent },
        });
      }
      const { vectors: before } = await models.embed(["cat"]);
      const answers: unknown[] = [];
      for (const agent of ["a", "a", "b"]) {
        const { result } = await runtime.submit({ kind: "execute", agent, action: "", params: '"cat"' });
        answers.push(result);
      }
      assert.equal(typeof (answers[0] as Json)["vector"], "string");
      assert.deepEqual([answers[1], answers[2]], [answers[0], answers[0]]);
      assert.deepEqual((await models.embed(["cat"])).vectors, before);
    } finally {
      models.close();
      await Deno.remove(root, { recursive: true });
    }
  }));

Deno.test("while a step waits for a model others go on, and no tick is made for it", () =>
  withRuntime(async (runtime) => {
    const gate = Promise.withResolvers<void>();
    serveTexts(runtime, wordEmbedder(() => gate.promise), unheard);
    await loadCaller(runtime, "a", anyModel);
    const waiting = callsOf(runtime, "a")(["embed", "a text"]);
    const behind = callsOf(runtime, "a")(["embed", "a text"]);
    const before = await runtime.submit({ kind: "write", ops: [{ op: "add", content: "beside it" }] });
    const { tick } = await runtime.submit({ kind: "write", ops: [{ op: "add", content: "and again" }] });
    assert.equal(tick, before.tick + 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(runtime.status().tick, tick);
    gate.resolve();
    assert.deepEqual(await waiting, await behind);
    await runtime.idle();
  }));

Deno.test("without a model, and with one that is broken, embed is not available and recall goes by words", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a", anyModel);
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: "The boiler was serviced." }] });
    const call = callsOf(runtime, "a");
    assert.equal(await call(["embed", "a text"]), -8);
    const problems: unknown[] = [];
    const broken = wordEmbedder(() => {
      throw new EngramError("model_invalid", "Cannot open the model words: it is broken");
    });
    serveTexts(runtime, broken, (error) => problems.push(error));
    assert.equal(await call(["embed", "a text"]), -8);
    const { hits, model } = await call(["recall", "boiler"]) as Json;
    assert.deepEqual([Array.isArray(hits) ? hits.length : 0, model, problems.length], [1, null, 2]);
  }));

Deno.test("a text that the model refuses is an invalid argument", () =>
  withRuntime(async (runtime) => {
    const refusing = wordEmbedder(() => {
      throw new EngramError("invalid_argument", "Cannot embed the text: it holds a NUL character");
    });
    serveTexts(runtime, refusing, unheard);
    await loadCaller(runtime, "a", anyModel);
    assert.equal(await callsOf(runtime, "a")(["embed", "a text"]), -2);
  }));

Deno.test("an agent granted no model may not embed, and the step goes on", () =>
  withRuntime(async (runtime) => {
    serveTexts(runtime, wordEmbedder(unheard), unheard);
    await loadCaller(runtime, "a", [{ capability: "read", scope: ["*"] }]);
    assert.equal(await callsOf(runtime, "a")(["embed", "a text"]), -3);
    assert.deepEqual(await reasonsOf(runtime), []);
  }));

Deno.test("closing while a step waits for a model ends the step without one", () =>
  withRuntime(async (runtime) => {
    serveTexts(runtime, wordEmbedder(() => new Promise(() => {/* never answers */})), unheard);
    await loadCaller(runtime, "a", anyModel);
    const waiting = callsOf(runtime, "a")(["embed", "a text"]);
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: "beside it" }] });
    await runtime.close();
    assert.equal(await waiting, -8);
  }));

Deno.test("a step asks a model about embedTextsPerStepMax texts at most", () =>
  withRuntime(async (runtime) => {
    serveTexts(runtime, wordEmbedder(), unheard);
    await loadCaller(runtime, "a", anyModel);
    const texts = Array.from({ length: 65 }, (_, at) => ["embed", `text ${at}`]);
    assert.equal(await callsOf(runtime, "a")(...texts), -6);
    assert.equal(await codeOf(callsOf(runtime, "a")(...texts.slice(1))), null);
  }));

Deno.test("the action of a step that is carried over for a model runs once in the end", () =>
  withRuntime(async (runtime) => {
    serveTexts(runtime, wordEmbedder(), unheard);
    await loadCaller(runtime, "a", anyModel);
    const action = actionOf(["engram_create", "made", "", 10], ["embed", "one"], ["embed", "two"]);
    await runtime.submit({ kind: "execute", agent: "a", action, params: "{}" });
    const { engrams } = await runtime.view({ view: "export" });
    assert.deepEqual(engrams.map(({ content }) => content), ["made"]);
  }));
