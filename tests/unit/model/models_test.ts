import { strict as assert } from "node:assert";
import { EngramError, type RefusalCode } from "../../../src/kernel/errors.ts";
import {
  modelLimits,
  type Models,
  type ModelsOptions,
  modelStatus,
  openModels,
  textRefusal,
} from "../../../src/model/mod.ts";
import type { ModelEvent } from "../../../src/model/mod.ts";
import { workerUrl } from "../../../src/runtime/assets.ts";
import { preloadModels } from "../../../src/runtime/models/models.ts";
import { type Hub, type HubFault, layOut, serveHub } from "../../support/model_hub.ts";
import { embedder, negation, product, tinyModel } from "../../support/onnx.ts";

const repo = "acme/tiny";

interface Given {
  readonly models: Models;
  readonly hub: Hub;
  /** The store. */
  readonly folder: string;
  readonly events: ModelEvent[];
  /** A folder for files. */
  readonly files: string;
}

async function withModels<R>(
  work: (given: Given) => Promise<R>,
  options: Partial<ModelsOptions> = {},
): Promise<R> {
  const root = await Deno.makeTempDir({ prefix: "engramlt-models-" });
  const events: ModelEvent[] = [];
  const folder = `${root}/models`;
  const models = openModels({
    folder,
    worker: workerUrl("model"),
    onEvent: (event) => events.push(event),
    ...options,
  });
  const hub = serveHub(repo, tinyModel());
  try {
    return await work({ models, hub, folder, events, files: `${root}/files` });
  } finally {
    models.close();
    await hub.close();
    await Deno.remove(root, { recursive: true });
  }
}

async function refusalOf(work: Promise<unknown>): Promise<EngramError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof EngramError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

async function refuses(code: RefusalCode, work: Promise<unknown>, words = /./): Promise<void> {
  const error = await refusalOf(work);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, words);
}

/** Nothing in the store, and no download left of it but what `partial` may keep. */
function assertEmpty({ models, folder }: Given, kept = 0): void {
  assert.deepEqual(models.list(), []);
  const names = (path: string) => {
    try {
      return [...Deno.readDirSync(path)].map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  };
  assert.deepEqual(names(`${folder}/versions`), []);
  assert.equal(names(`${folder}/partial`).filter((name) => name.endsWith(".part")).length, kept);
}

const pullTiny = ({ models, hub }: Given) => models.pull(repo, { endpoint: hub.url });
const int8 = (vector: Float32Array | undefined) =>
  Int8Array.from(vector ?? [], (one) => Math.max(-127, Math.min(127, Math.round(one * 508))));

Deno.test("pull() takes a model from a hub and needs no hub afterwards", () =>
  withModels(async (given) => {
    const { models, hub, folder } = given;
    assert.match(modelStatus(folder).offer, /^engramlt model pull /);
    assert.equal(modelStatus(folder).model, null);
    const pulled = await pullTiny(given);
    assert.deepEqual({ name: pulled.name, dimensions: pulled.dimensions, isNew: pulled.isNew }, {
      name: repo,
      dimensions: 4,
      isNew: true,
    });
    assert.equal(pulled.bytes, hub.files["onnx/model_quantized.onnx"]?.length);
    const asked = hub.asked.length;
    const { vectors, model, provider, inputHash } = await models.embed(["the cat sat", "the dog ran"]);
    assert.equal(hub.asked.length, asked);
    assert.deepEqual(model, { name: repo, hash: pulled.hash, dimensions: 4 });
    assert.equal(provider, "cpu");
    assert.match(inputHash, /^[0-9a-f]{64}$/);
    for (const vector of vectors) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6);
    assert.deepEqual(modelStatus(folder).model, model);
  }));

Deno.test("pull() takes a model from a folder, a file and a URL, and names it by its place", () =>
  withModels(async ({ models, hub, files }) => {
    const folder = await layOut(`${files}/house`, tinyModel());
    assert.equal((await models.pull(folder)).name, "house");
    await Deno.writeFile(`${files}/turn.onnx`, negation());
    assert.equal((await models.pull(`${files}/turn.onnx`)).name, "turn");
    assert.equal((await models.pull(`${hub.url}/${repo}/resolve/main/`)).name, repo);
    assert.deepEqual(models.list().map(({ name, kind }) => [name, kind]), [
      [repo, "embed"],
      ["house", "embed"],
      ["turn", "other"],
    ]);
  }));

Deno.test("pull() goes on where a connection broke, and gives the same bytes", () =>
  withModels(async (given) => {
    const { hub } = given;
    hub.fault = "drops";
    const pulled = await pullTiny(given);
    const ranges = hub.asked.filter((one) => /model_quantized.onnx bytes=[1-9]/.test(one));
    assert.equal(ranges.length, 2);
    hub.fault = null;
    assert.deepEqual(await pullTiny(given), { ...pulled, isNew: false });
  }));

Deno.test("pull() keeps what came of a hub that always drops, and a later one goes on with it", () =>
  withModels(async (given) => {
    given.hub.fault = "drops-always";
    // each try brings a third of the rest: four tries leave a part
    await refuses("model_source_failed", pullTiny(given), /after 4 tries/);
    assertEmpty(given, 1);
    given.hub.fault = null;
    given.hub.asked.length = 0;
    await pullTiny(given);
    assert.ok(given.hub.asked.some((one) => /model_quantized.onnx bytes=[1-9]/.test(one)));
  }));

const faults: readonly [HubFault, RefusalCode, RegExp][] = [
  ["short", "model_hash_mismatch", /sha256/],
  ["html", "model_source_invalid", /web page/],
  ["loops", "model_source_invalid", /more than 5 times/],
  ["elsewhere", "model_source_invalid", /redirects to file:/],
  ["wrong-stated", "model_hash_mismatch", /the hub states/],
];
for (const [fault, code, words] of faults) {
  Deno.test(`pull() refuses a hub that is at fault (${fault}) and leaves nothing`, () =>
    withModels(async (given) => {
      given.hub.fault = fault;
      await refuses(code, pullTiny(given), words);
      assertEmpty(given);
      given.hub.fault = null;
      assert.equal((await pullTiny(given)).isNew, true);
    }));
}

Deno.test("pull() refuses a body that is shorter than its announced length, also after tries", () =>
  withModels(async (given) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = (async () => {
      for await (const connection of listener) {
        await connection.read(new Uint8Array(4096));
        const head = "HTTP/1.1 200 OK\r\ncontent-length: 9000\r\nconnection: close\r\n\r\n";
        await connection.write(new TextEncoder().encode(head + "x".repeat(100)));
        connection.close();
      }
    })();
    const url = `http://127.0.0.1:${listener.addr.port}/some/model.onnx`;
    await refuses("model_source_failed", given.models.pull(url), /after 4 tries/);
    listener.close();
    await served;
    assertEmpty(given, 1);
  }));

Deno.test("pull() ends when it is told to, and leaves the store as it was", () =>
  withModels(async (given) => {
    const stop = new AbortController();
    const { models, hub } = given;
    const pulling = models.pull(repo, {
      endpoint: hub.url,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await refuses("interrupted", pulling);
    assert.deepEqual(models.list(), []);
    assert.equal((await pullTiny(given)).isNew, true);
  }));

Deno.test("pull() manages without the hub's model-info route", () =>
  withModels(async (given) => {
    given.hub.fault = "no-info";
    assert.equal((await pullTiny(given)).dimensions, 4);
  }));

Deno.test("pull() refuses broken files, wrong dimensions and an empty model, and leaves nothing", () =>
  withModels(async (given) => {
    const { hub } = given;
    const encode = (text: string) => new TextEncoder().encode(text);
    const good = tinyModel();
    const broken: readonly [string, Record<string, Uint8Array<ArrayBuffer>>][] = [
      ["no ONNX", { ...good, "onnx/model_quantized.onnx": encode("this is no model") }],
      ["cut off", { ...good, "onnx/model_quantized.onnx": embedder(12, 4).slice(0, 60) }],
      ["no JSON", { ...good, "tokenizer.json": encode("{") }],
      ["no tokenizer", { ...good, "tokenizer.json": encode('{"model":{"type":"Nonsense"}}') }],
      ["other dimensions", { ...good, "config.json": encode('{"hidden_size":384}') }],
      ["empty", { ...good, "onnx/model_quantized.onnx": new Uint8Array() }],
    ];
    for (const [what, files] of broken) {
      hub.files = files;
      const error = await refusalOf(pullTiny(given));
      assert.equal(error.code, "model_invalid", `${what}: ${error.message}`);
      assertEmpty(given);
    }
    hub.files = {};
    await refuses("model_not_found", pullTiny(given), /onnx\/model_quantized.onnx/);
    assertEmpty(given);
  }));

// proves: rfc-3.3-versions
Deno.test("pull() records the first hash, refuses another one later, and takes it as a version where its hash is given", () =>
  withModels(async (given) => {
    const { models, hub } = given;
    const first = await pullTiny(given);
    hub.files = tinyModel(4, 2);
    await refuses("model_hash_mismatch", pullTiny(given), /an earlier pull recorded/);
    assert.deepEqual(models.list().map(({ hash }) => hash), [first.hash]);
    await refuses(
      "model_hash_mismatch",
      models.pull(repo, { endpoint: hub.url, sha256: "0".repeat(64) }),
      /the caller gives/,
    );
    const error = await refusalOf(pullTiny(given));
    const second = await models.pull(repo, { endpoint: hub.url, sha256: String(error.data["got"]) });
    assert.notEqual(second.hash, first.hash);
    assert.deepEqual(models.list().map(({ hash, isCurrent }) => [hash, isCurrent]), [[first.hash, false], [
      second.hash,
      true,
    ]]);
    await models.remove(`${repo}@${second.hash.slice(0, 12)}`);
    assert.equal((await models.embed(["cat"])).model.hash, first.hash);
    await models.remove(repo);
    await refuses("model_not_found", models.embed(["cat"]));
  }));

Deno.test("pull() refuses another tokenizer under the same weights", () =>
  withModels(async (given) => {
    await pullTiny(given);
    given.hub.files = { ...given.hub.files, "config.json": new TextEncoder().encode('{"hidden_size":4}') };
    await refuses("model_hash_mismatch", pullTiny(given), /config.json/);
  }));

// proves: rfc-6-onnx_cpu
Deno.test("embed() gives a text the same vector alone and among others, and cuts and pads to no packaged length", () =>
  withModels(async (given) => {
    await pullTiny(given);
    const texts = [
      "the cat sat on the mat",
      "dog",
      "the dog ran on the hill the dog ran on the hill the dog ran",
      "cat cat",
    ];
    const together = (await given.models.embed(texts)).vectors;
    for (const [at, text] of texts.entries()) {
      const { vectors: [alone] } = await given.models.embed([text]);
      assert.deepEqual(int8(alone), int8(together[at]));
      assert.deepEqual(alone, together[at]);
    }
    // the packaged tokenizer.json cuts to three tokens: these two would be one
    const { vectors: [a, b] } = await given.models.embed(["cat sat", "cat ran"]);
    assert.notDeepEqual(int8(a), int8(b));
  }));

Deno.test("embed() refuses texts that no model should be given", () =>
  withModels(async (given) => {
    await pullTiny(given);
    const { models } = given;
    await refuses("invalid_argument", models.embed([" \n"]), /it is empty/);
    await refuses("payload_too_large", models.embed(["a".repeat(10_000_000)]), /longer than/);
    await refuses("invalid_argument", models.embed(["a\ud800"]), /surrogate/);
    await refuses("invalid_argument", models.embed(["a\0b"]), /NUL/);
    await refuses(
      "limit_reached",
      models.embed(Array(modelLimits.textsPerCallMax + 1).fill("cat")),
      /at once/,
    );
    for (const text of ["שלום עולם", "🎉🎉", "日本語", "é".normalize("NFD")]) {
      assert.equal(textRefusal(text), null);
      assert.equal((await models.embed([text])).vectors[0]?.length, 4);
    }
    assert.deepEqual((await models.embed([])).vectors, []);
  }));

Deno.test("embed() refuses more texts than may wait, whole, and answers those that do", () =>
  withModels(async (given) => {
    await pullTiny(given);
    const waiting = given.models.embed(Array(20).fill("cat"));
    await refuses("model_busy", given.models.embed(["dog", "dog", "dog", "dog", "dog"]), /24 are the most/);
    assert.equal((await waiting).vectors.length, 20);
    assert.equal((await given.models.embed(["dog"])).vectors.length, 1);
  }, { textsWaitingMax: 24 }));

// proves: rfc-3.3-cache
Deno.test("sessions give way by least recent use under the memory limit", () =>
  withModels(async ({ models, files }) => {
    for (const [at, name] of ["one", "two", "three"].entries()) {
      await models.pull(await layOut(`${files}/${name}`, tinyModel(4, at + 1)));
    }
    const loaded = () => models.list().filter(({ isLoaded }) => isLoaded).map(({ name }) => name);
    await models.embed(["cat"], { model: "one" });
    await models.embed(["cat"], { model: "two" });
    await models.embed(["cat"], { model: "one" });
    await models.embed(["cat"], { model: "three" });
    assert.deepEqual(loaded(), ["one", "three"]);
  }, { sessionBytesMax: 2 * embedder(12, 4).length + 10 }));

// proves: rfc-3.3-load, rfc-3.3-unload
Deno.test("load() opens a model now and at preload(), until unload()", () =>
  withModels(async (given) => {
    const { models, folder } = given;
    await pullTiny(given);
    assert.equal((await models.load(repo)).isLoaded, true);
    const later = openModels({ folder, worker: workerUrl("model") });
    try {
      assert.equal(later.list()[0]?.isLoaded, false);
      assert.deepEqual(await later.preload(), []);
      assert.equal(later.list()[0]?.isLoaded, true);
      assert.deepEqual([(await models.unload(repo)).preload, models.list()[0]?.isLoaded], [false, false]);
    } finally {
      later.close();
    }
    await refuses("model_not_found", models.load("nobody/nothing"));
  }));

Deno.test("preloadModels() opens what was marked, and tells of one that cannot be opened", () =>
  withModels(async (given) => {
    const { models, folder } = given;
    const { hash } = await pullTiny(given);
    await models.load(repo);
    const told = async () => {
      const later = openModels({ folder, worker: workerUrl("model") });
      const faults: string[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const preload = () => later.preload().finally(() => queueMicrotask(resolve));
      preloadModels(
        { ...later, preload },
        new AbortController().signal,
        (error) => faults.push(String(error)),
      );
      await promise;
      await new Promise((end) => setTimeout(end));
      const open = later.list().filter(({ isLoaded }) => isLoaded).length;
      later.close();
      return { faults, open };
    };
    assert.deepEqual(await told(), { faults: [], open: 1 });
    const weights = `${folder}/versions/${repo.replace("/", "+")}@${hash}/onnx/model_quantized.onnx`;
    await Deno.writeTextFile(weights, "broken");
    const { faults: [fault, ...more], open } = await told();
    assert.match(fault ?? "", /Cannot open the model acme\/tiny/);
    assert.deepEqual([more, open], [[], 0]);
  }));

// proves: rfc-3.3-fallback, rfc-7-onnx_failure, readme-2-cpu_fallback
Deno.test({
  name: "an accelerator that is not there gives way to the CPU, with an event, and the answer says so",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withModels(async (given) => {
      await pullTiny(given);
      const { provider, vectors } = await given.models.embed(["cat"]);
      assert.equal(provider, "cpu");
      const onCpu = await withModels(async (other) => {
        await pullTiny(other);
        return (await other.models.embed(["cat"])).vectors;
      });
      assert.deepEqual(vectors, onCpu);
      const [event, ...more] = given.events;
      assert.deepEqual(more, []);
      assert.ok(event?.event === "model_fallback" && event.wanted === "cuda" && event.reason !== "");
    }, { provider: "cuda" }),
});

Deno.test("run() gives a model's outputs for tensors, and refuses those that do not fit", () =>
  withModels(async ({ models, files }) => {
    await layOut(files, { "turn.onnx": negation() });
    await models.pull(`${files}/turn.onnx`);
    const run = (name: string, dims: number[], data: number[]) =>
      models.run("turn", { tensors: { [name]: { dims, data } } });
    const { outputs, model, provider } = await run("x", [2, 2], [1, 2, 3, -4]);
    assert.deepEqual(outputs, { y: { dims: [2, 2], type: "float32", data: [-1, -2, -3, 4] } });
    assert.equal(`${model.name} ${provider}`, "turn cpu");
    await refuses("invalid_argument", run("x", [1, 3], [1, 2, 3]));
    await refuses("invalid_argument", run("x", [2, 2], [1]), /do not fill/);
    await refuses("invalid_argument", run("z", [1, 2], [1, 2]), /"x" is missing/);
    await refuses("model_failed", models.embed(["cat"], { model: "turn" }), /no embeddings/);
  }));

// proves: rfc-8-inference_cpu
Deno.test("run() gives the same bits in another session, beside other runs, and when it is asked again", async () => {
  const rows = 300, columns = 64;
  const data = Array.from({ length: rows }, (_, at) => Math.cos(at * 1.7) / 3);
  const sums = () =>
    withModels(async ({ models, files }) => {
      await layOut(files, { "product.onnx": product(rows, columns) });
      await models.pull(`${files}/product.onnx`);
      const runs = await Promise.all(Array.from({ length: 20 }, async () => {
        const { outputs } = await models.run("product", { tensors: { x: { dims: [1, rows], data } } });
        return outputs["y"]?.data ?? [];
      }));
      return runs.map((numbers) => new Uint8Array(Float64Array.from(numbers, Number).buffer).toHex());
    });
  const [one, other] = await Promise.all([sums(), sums()]);
  assert.equal(one[0]?.length, columns * 16);
  assert.equal(new Set([...one, ...other]).size, 1);
});

Deno.test("names and paths that are no model's are refused", () =>
  withModels(async ({ models, hub }) => {
    for (
      const name of [
        "",
        "../x/y",
        "a/b/c",
        "a b",
        "__proto__/x",
        "ftp://x/y",
        "http://u:p@127.0.0.1/x",
        "./nothing-here",
      ]
    ) {
      const error = await refusalOf(models.pull(name, { endpoint: hub.url }));
      assert.ok(
        ["invalid_argument", "file_not_found"].includes(error.code),
        `${name}: ${error.code} ${error.message}`,
      );
    }
    assert.deepEqual(hub.asked, []);
  }));

Deno.test("a damaged index is told as such, and a kill before the index was written leaves no model", () =>
  withModels(async (given) => {
    await pullTiny(given);
    const index = await Deno.readTextFile(`${given.folder}/index.json`);
    await Deno.writeTextFile(`${given.folder}/index.json`, index.slice(0, 50));
    assert.throws(
      () => given.models.list(),
      (error) => error instanceof EngramError && error.code === "model_invalid",
    );
    await Deno.remove(`${given.folder}/index.json`);
    assert.deepEqual(given.models.list(), []);
    assert.equal((await pullTiny(given)).isNew, true);
    assert.equal((await given.models.embed(["cat"])).vectors.length, 1);
  }));
