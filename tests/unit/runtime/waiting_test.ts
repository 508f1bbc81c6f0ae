/** Those who wait for a command: sent again, and when the folder closes. */
import assert from "node:assert/strict";
import { openRuntime } from "../../../src/mod.ts";
import { codeOf, temporaryFolder, withRuntime } from "../../support/runtimes.ts";

const add = { kind: "write", ops: [{ op: "add", content: "one" }] } as const;

Deno.test("close() called twice at once closes once, after the commands already taken", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const receipt = runtime.submit(add);
  await Promise.all([runtime.close(), runtime.close()]);
  assert.equal((await receipt).tick, 1);
});

Deno.test("a command sent again and again with its id while it waits is refused with inbox_full in the end", () =>
  withRuntime(async (runtime) => {
    const sent = Array.from({ length: 200 }, () => codeOf(runtime.submit(add, { commandId: "same" })));
    const codes = new Set(await Promise.all(sent));
    assert.deepEqual([...codes], [null, "inbox_full"]);
  }));
