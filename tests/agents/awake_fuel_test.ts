import assert from "node:assert/strict";
import { awakeFuel } from "../../bench/awake.ts";
import { withRuntime } from "../support/runtimes.ts";

Deno.test("linker, curator, digest: one new note costs a small part of a full run, which is done in pages", () =>
  withRuntime(async (runtime) => {
    // The parts are smaller the more notes there are (docs/agents.md): what a page costs does not grow with them.
    const partMax = { linker: 0.02, curator: 0.03, digest: 0.12 } as const;
    for (const { agent, full, oneNote, steps } of await awakeFuel(runtime, 1000)) {
      const max = partMax[agent as keyof typeof partMax];
      assert.ok(oneNote <= full * max, `${agent}: ${oneNote} of ${full}`);
      assert.ok(steps > 2, `${agent}: ${steps} steps`);
    }
  }));
