import assert from "node:assert/strict";
import { EngramError } from "../../../src/mod.ts";
import { embedWaiting, questionVector } from "../../../src/runtime/models/embedding.ts";
import { codeOf, withRuntime } from "../../support/runtimes.ts";
import { wordEmbedder } from "../../support/word_embedder.ts";

const failing = (code: "model_invalid" | "model_failed" | "invalid_argument", only = "") =>
  wordEmbedder((texts) => {
    if (texts.some((text) => text.includes(only))) throw new EngramError(code, "Cannot embed: simulated");
  });

for (const code of ["model_invalid", "model_failed"] as const) {
  Deno.test(`embedWaiting() stops at ${code}, and every memory still waits`, () =>
    withRuntime(async (runtime) => {
      const ops = ["one", "two"].map((content) => ({ op: "add", content }) as const);
      await runtime.submit({ kind: "write", ops });
      assert.equal(await codeOf(embedWaiting(runtime, failing(code))), code);
      assert.deepEqual(await embedWaiting(runtime, wordEmbedder()), { embedded: 2, skipped: 0 });
    }));
}

Deno.test("embedWaiting() passes over a text that no model takes, and goes on", () =>
  withRuntime(async (runtime) => {
    const ops = ["one", "bad", "two"].map((content) => ({ op: "add", content }) as const);
    await runtime.submit({ kind: "write", ops });
    assert.deepEqual(await embedWaiting(runtime, failing("invalid_argument", "bad")), {
      embedded: 2,
      skipped: 1,
    });
  }));

Deno.test("questionVector() is null where the model is broken: words answer", async () => {
  assert.equal(await questionVector(failing("model_invalid"), "a question"), null);
});
