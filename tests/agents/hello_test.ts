import assert from "node:assert/strict";
import type { Runtime } from "../../src/mod.ts";
import { act, agentPath, loadAgent } from "../support/agent_host.ts";
import { withRuntime } from "../support/runtimes.ts";

const expected = JSON.parse(await Deno.readTextFile(agentPath("hello/expected.json")));

async function exchange(runtime: Runtime): Promise<void> {
  await loadAgent(runtime, "hello");
  await loadAgent(runtime, "hello", { manifest: "pong.json" });
  assert.deepEqual(await act(runtime, "ping", "start"), expected.start);
  await runtime.idle();
}

async function asked(runtime: Runtime, agent: string): Promise<unknown> {
  return (await runtime.submit({ kind: "query", agent, query: "" })).result;
}

// proves: readme-4-hello_world, readme-4-messaging, readme-2-brokered, rfc-6-messages
// proves: engram-13.3-coordination, engram-13.2-example_agents, mentat-prerequisites-assemblyscript
// proves: engram-3.2-languages, engram-11.1-write, rfc-3.1-ipc_hub, engram-11.1-test, rfc-13-sdk
Deno.test("hello: two agents exchange messages for 100 ticks, then nothing more happens", () =>
  withRuntime(async (runtime) => {
    await exchange(runtime);
    const { tick } = runtime.status();
    assert.deepEqual(
      { ping: await asked(runtime, "ping"), pong: await asked(runtime, "pong") },
      expected.after,
    );
    assert.equal(tick - (await started(runtime)), expected.mailTicks);
  }));

/** The tick in which `start` ran: genesis is 0, then two loads. */
async function started(runtime: Runtime): Promise<number> {
  const { agents } = await runtime.view({ view: "agents" });
  return Math.max(...agents.map((agent) => agent.loadedTick)) + 1;
}

// proves: readme-4-hello_world, readme-1-identical, readme-2-state_evolution
// proves: rfc-13-deterministic_operations
Deno.test("hello: the state hash under one seed is the same with 1 and 2 workers", async () => {
  const hashes: string[] = [];
  for (const workers of [1, 2]) {
    await withRuntime(async (runtime) => {
      await exchange(runtime);
      hashes.push(runtime.status().stateHash);
    }, { workers });
  }
  assert.equal(hashes[0], hashes[1]);
});
