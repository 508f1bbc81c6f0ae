/** Promises of the seeds to whoever runs a host: it can be watched, and what went wrong can be taken back. */
import assert from "node:assert/strict";
import { sha256Hex } from "../../src/log/mod.ts";
import type { Runtime } from "../../src/mod.ts";
import { codeOf, run, withRuntime } from "../support/runtimes.ts";
import { testAgent } from "../support/agents.ts";

const withNote = (bytes: Uint8Array, note: number) => new Uint8Array([...bytes, 0, 3, 1, 0x76, note]);
const loaded = (runtime: Runtime, wasm: Uint8Array, version: string) =>
  runtime.submit({
    kind: "agent_load",
    agent: "a",
    wasm: wasm.toBase64(),
    manifest: {
      ...{ manifest: 1, id: "a", version, abi: "engram@1" },
      capabilities: [{ name: "write", scope: "personal", reason: "To note" }],
    },
  });

// proves: mentat-practices4-rollback
Deno.test("an agent goes back to its earlier version: it has its memories, and the log says which version wrote which", () =>
  withRuntime(async (runtime) => {
    const first = withNote(testAgent, 1), second = withNote(testAgent, 2);
    await loaded(runtime, first, "1.0.0");
    const early = String(await run(runtime, "write", '"early"', "a"));
    assert.equal(await codeOf(loaded(runtime, second, "2.0.0")), "agent_exists");
    await runtime.submit({ kind: "agent_unload", agent: "a" });
    await loaded(runtime, second, "2.0.0");
    const late = String(await run(runtime, "write", '"late"', "a"));
    await runtime.submit({ kind: "agent_unload", agent: "a" });
    await loaded(runtime, first, "1.0.0");
    const { agents: [agent] } = await runtime.view({ view: "agents" });
    assert.deepEqual([agent?.version, agent?.module], ["1.0.0", sha256Hex(first)]);
    const { engrams } = await runtime.view({ view: "context", id: agent?.context ?? "" });
    assert.deepEqual(engrams.map(({ content }) => content).sort(), ['"early"', '"late"']);
    const writerOf = async (id: string) => {
      const { chain } = await runtime.view({ view: "why", id });
      const step = chain.find(({ link }) => link === "step");
      return step?.link === "step" ? [step.agentVersion, step.module] : null;
    };
    assert.deepEqual(await writerOf(early), ["1.0.0", sha256Hex(first)]);
    assert.deepEqual(await writerOf(late), ["2.0.0", sha256Hex(second)]);
    await run(runtime, "Update", JSON.stringify(late), "a");
    assert.equal((await runtime.view({ view: "engram", id: late })).content, "changed");
  }));
