/** Steps whose host calls take more of the engine than they may: they end, at the same call whoever runs them. */
import assert from "node:assert/strict";
import { EngramError, openRuntime, replay } from "../../src/mod.ts";
import { temporaryFolder } from "../support/runtimes.ts";
import { callsOf, loadCaller } from "./every_call.ts";

/** A step with calls of every kind; the ones with an id are about what it made before. */
const calls: readonly (readonly (string | number)[])[] = [
  ["engram_create", "the grey heron fishes", "field", 9, "{}"],
  ["engram_get", "@"],
  ["connection_create", "@", "@", "near", 10],
  ["find_connected_engrams", "@", 2],
  ["search_by_text", "heron", 0, 10],
  ["recall", "What fishes?", "{}"],
  ["find_paths", "@", "@", 3],
  ["changes", 0, 100],
  ["context_get_engrams", "a"],
  ["transaction_begin"],
  ["engram_create", "an otter swims", "field", 4, "{}"],
  ["transaction_rollback"],
  ["send_message", "a", "x".repeat(500)],
  ["send_message", "a", "y".repeat(500)],
  ["engram_update", "@", "the grey heron sleeps"],
  ["search_by_metadata", "place", "lake", 10],
];

Deno.test("a step ends where its host calls took too much, and leaves nothing, with 1, 2 and 4 workers and in replay", async () => {
  const hashes = new Set<string>(), ends = new Set<string>();
  for (const workers of [1, 2, 4]) {
    using folder = temporaryFolder();
    const runtime = await openRuntime({ data: folder.path, seed: 1, workers });
    for (const agent of ["a", "b", "c"]) await loadCaller(runtime, agent);
    for (let limit = 100; limit < 40_000; limit = Math.ceil(limit * 1.3)) {
      await runtime.submit({ kind: "configure", changes: { hostWorkPerStepMax: limit } });
      const before = runtime.status().engrams;
      const told = await Promise.all(["a", "b", "c"].map(async (agent) => {
        try {
          return await callsOf(runtime, agent)(
            ...calls.map((call) => call.map((one) => one === "a" ? agent : one)),
          );
        } catch (error) {
          assert.ok(error instanceof EngramError);
          assert.match(error.message, /it reached hostWorkPerStepMax$/);
          return error.code;
        }
      }));
      for (const one of told) ends.add(typeof one === "string" ? one : "completed");
      const refused = told.filter((one) => typeof one === "string").length;
      assert.equal(runtime.status().engrams, before + told.length - refused);
    }
    hashes.add(runtime.status().stateHash);
    await runtime.close();
    for (const others of [1, 2, 4]) {
      const { ok, first } = await replay({ data: folder.path, workers: others });
      assert.equal(ok, true, JSON.stringify(first));
    }
  }
  assert.deepEqual([...ends].sort(), ["agent_trapped", "completed"]);
  assert.equal(hashes.size, 1);
});
