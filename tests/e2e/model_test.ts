/** engramlt model through the command line: a tiny model always, the real MiniLM where its files are at hand. */
import { strict as assert } from "node:assert";
import { openDataModels } from "../../src/runtime/models/models.ts";
import { miniLm, miniLmFiles, miniLmFolder, miniLmNeeds } from "../support/minilm.ts";
import { serveHub } from "../support/model_hub.ts";
import { tinyModel } from "../support/onnx.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";

async function json(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const { code, out, err } = await runCli([...args, "--json"], { env });
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

Deno.test("engramlt model pulls from HF_ENDPOINT, lists, runs, loads, unloads and removes", async () => {
  using data = temporaryFolder();
  const hub = serveHub("acme/tiny", tinyModel());
  const model = (...args: string[]) =>
    json(["model", ...args, "--data", data.path], { HF_ENDPOINT: hub.url });
  try {
    assert.deepEqual(await model("list"), { models: [] });
    const { name, hash, bytes } = await model("pull", "acme/tiny");
    assert.equal(name, "acme/tiny");
    const { models: [listed] } = await model("list") as { models: Record<string, unknown>[] };
    assert.deepEqual([listed?.["name"], listed?.["hash"], listed?.["bytes"]], [name, hash, bytes]);
    const ran = await model("run", "acme/tiny", "the cat sat");
    assert.equal((ran["embedding"] as number[]).length, 4);
    assert.equal(ran["provider"], "cpu");
    assert.equal((await model("load", "acme/tiny"))["preload"], true);
    assert.equal((await model("unload", "acme/tiny"))["preload"], false);
    assert.deepEqual(await model("rm", "acme/tiny"), { name, removed: [hash] });
    const again = await runCli(["model", "run", "acme/tiny", "cat", "--json", "--data", data.path]);
    assert.equal(again.code, 3);
    assert.equal(JSON.parse(again.err).error.code, "model_not_found");
    const both = await runCli(["model", "run", "acme/tiny", "--data", data.path]);
    assert.equal(both.code, 2);
  } finally {
    await hub.close();
  }
});

const folder = miniLmFolder();

Deno.test({
  name: `MiniLM finds what is said in other words, and gives a text one vector however it is sent${
    folder === null ? ` (skipped: ${miniLmNeeds})` : ""
  }`,
  ignore: folder === null,
  async fn() {
    using data = temporaryFolder();
    const hub = serveHub(miniLm, miniLmFiles(folder ?? ""));
    const models = openDataModels(data.path);
    try {
      const args = ["model", "pull", "all-MiniLM-L6-v2", "--endpoint", hub.url, "--data", data.path];
      const pulled = await json(args);
      assert.equal(pulled["name"], miniLm);
      await hub.close();
      const texts = [
        "The cat sat on the mat.",
        "A feline was resting on a rug.",
        "The quarterly budget was approved on Tuesday by the board, after a long debate about travel costs.",
        "word ".repeat(2000),
      ];
      const { vectors, model } = await models.embed(texts);
      assert.deepEqual(model, { name: miniLm, hash: pulled["hash"], dimensions: 384 });
      const dot = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()) =>
        a.reduce((sum, one, at) => sum + one * (b[at] ?? 0), 0);
      assert.ok(dot(vectors[0], vectors[1]) > 0.5, String(dot(vectors[0], vectors[1])));
      assert.ok(dot(vectors[0], vectors[2]) < 0.2);
      for (const [at, text] of texts.entries()) {
        const { vectors: [alone] } = await models.embed([text]);
        assert.deepEqual(alone, vectors[at]);
      }
      // the sequence limit is 256 tokens, not the 128 that some packaged tokenizers cut to
      const tail = (words: number) => `${"word ".repeat(words)}elephant`;
      const [a, b] = (await models.embed([tail(200), "word ".repeat(201)])).vectors;
      assert.ok(dot(a, b) < 0.9999);
    } finally {
      models.close();
    }
  },
});
