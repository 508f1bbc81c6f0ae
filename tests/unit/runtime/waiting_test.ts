/** Those who wait for a command: sent again, and when the folder closes. */
import assert from "node:assert/strict";
import { openGraph } from "../../../src/graph/mod.ts";
import { emptyState } from "../../../src/kernel/mod.ts";
import { openRuntime } from "../../../src/mod.ts";
import { Rows } from "../../../src/runtime/rows.ts";
import { codeOf, loadTestAgent, temporaryFolder, withRuntime } from "../../support/runtimes.ts";

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

Deno.test("the inbox is bounded by commands and by bytes, and one command finds room whatever its size", () =>
  withRuntime(async (runtime) => {
    const large = { kind: "write", ops: [{ op: "add", content: "x".repeat(2000) }] } as const;
    const codesOf = async (sent: readonly (typeof large | typeof add)[]) =>
      await Promise.all(sent.map((request) => codeOf(runtime.submit(request))));
    assert.deepEqual(await codesOf([large, large]), [null, "inbox_full"]);
    assert.deepEqual(await codesOf([add, large]), [null, "inbox_full"]);
    assert.deepEqual(await codesOf([add, add, add, add]), [null, null, null, "inbox_full"]);
    assert.deepEqual(await codesOf([large]), [null]);
    assert.equal(runtime.status().inbox, 0);
  }, { inboxMax: 3, inboxBytesMax: 1000 }));

Deno.test("what waits to be stored beside the graph is stored before it is large", async () => {
  const rows = new Rows(-1);
  for (let at = 0; at < 10; at++) rows.put("command/one", "x".repeat(1000));
  assert.ok(rows.waitingBytes > 1000 && rows.waitingBytes < 1100);
  rows.take(emptyState());
  assert.equal(rows.waitingBytes, 0);
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  for (const agent of ["a", "b"]) await loadTestAgent(runtime, agent);
  const graph = openGraph({ path: `${folder.path}/graph.db`, readOnly: true });
  const params = JSON.stringify("x".repeat(60_000));
  for (let at = 0; at < 150; at++) {
    await Promise.all(
      ["a", "b"].map((agent) =>
        runtime.submit({ kind: "execute", agent, action: "echo", params }, { commandId: `${agent}${at}` })
      ),
    );
  }
  assert.ok(runtime.status().tick < 200);
  assert.ok(graph.rows("command/").length > 250);
  graph.close();
  await runtime.close();
});
