import assert from "node:assert/strict";
import { type Receipt, replay, type Runtime } from "../../../src/mod.ts";
import { openSandbox } from "../../../src/sandbox/mod.ts";
import { testAgentBase64 } from "../../support/agents.ts";
import { codeOf, loadTestAgent, run, withRuntime } from "../../support/runtimes.ts";

const idsOf = (receipt: Receipt): string[] => (receipt.results as { id: string }[]).map(({ id }) => id);

async function addOne(runtime: Runtime, content = "one"): Promise<string> {
  return idsOf(await runtime.submit({ kind: "write", ops: [{ op: "add", content }] }))[0] ?? "";
}

Deno.test("an update that meets the deletion of its memory in one tick is refused, once", () =>
  withRuntime(async (runtime) => {
    const id = await addOne(runtime);
    const [deleted, updated] = await Promise.all([
      runtime.submit({ kind: "write", ops: [{ op: "delete", id }] }),
      codeOf(runtime.submit({ kind: "write", ops: [{ op: "update", id, content: "two" }] })),
    ]);
    await runtime.idle();
    assert.deepEqual([updated, runtime.status().tick], ["engram_not_found", deleted.tick + 1]);
  }));

Deno.test("replay plans the same steps where a refused command kept an agent busy that has mail", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const manifest = {
      manifest: 1,
      id: "sender",
      version: "1.0.0",
      abi: "engram@1",
      capabilities: [{ name: "send", scope: "tester", reason: "to greet" }],
    };
    await runtime.submit({ kind: "agent_load", agent: "sender", wasm: testAgentBase64, manifest });
    const sent = runtime.submit({ kind: "execute", agent: "sender", action: "Mail", params: `"tester"` });
    await sent;
    const refused = codeOf(
      runtime.submit({ kind: "execute", agent: "tester", action: "count", params: "{}", context: "nowhere" }),
    );
    const write = runtime.submit({ kind: "write", ops: [{ op: "add", content: "beside it" }] });
    assert.equal(await refused, "context_not_found");
    await write;
    await runtime.idle();
    assert.equal(await run(runtime, "count", "{}"), 2);
  }));

// proves: rfc-7-retry
Deno.test("a conflict between two agents is carried over and verified", () =>
  withRuntime(async (runtime, path) => {
    await loadTestAgent(runtime, "a");
    await loadTestAgent(runtime, "b");
    await runtime.submit({ kind: "context_create", name: "work", agents: ["a", "b"] });
    const made = await runtime.submit({
      kind: "execute",
      agent: "a",
      action: "write",
      params: `"a thought"`,
      context: "work",
    });
    const params = JSON.stringify(made.result);
    const [first, second] = await Promise.all(
      ["a", "b"].map((agent) =>
        runtime.submit({ kind: "execute", agent, action: "Update", params, context: "work" })
      ),
    );
    assert.equal((second?.tick ?? 0) - (first?.tick ?? 0), 1);
    assert.equal((await replay({ data: path, workers: 2 })).ok, true);
  }));

Deno.test("more steps than the workers can hold at once wait for the next tick, and verify", () =>
  withRuntime(async (runtime) => {
    const agents = ["a", "b", "c"];
    for (const agent of agents) await loadTestAgent(runtime, agent);
    const receipts = await Promise.all(
      agents.map((agent) => runtime.submit({ kind: "execute", agent, action: "count", params: "{}" })),
    );
    const first = receipts[0]?.tick ?? 0;
    assert.deepEqual(receipts.map(({ result, tick }) => [result, tick - first]), [[1, 0], [1, 1], [1, 2]]);
  }, { simulated: { openSandbox: (options) => openSandbox({ ...options, instancesPerWorkerMax: 1 }) } }));
