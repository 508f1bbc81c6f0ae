import assert from "node:assert/strict";
import type { Runtime } from "../../src/mod.ts";
import { act, exportOf, loadAgent } from "../support/agent_host.ts";
import { codeOf, withRuntime } from "../support/runtimes.ts";

const load = (runtime: Runtime) => loadAgent(runtime, "demo", { manifest: "hostile.manifest.json" });

// proves: engram-9.1-consumption, engram-9.3-execution_limit, rfc-7-preemption, mentat-step1-fuel
Deno.test("hostile: spin is stopped when its fuel is used up", () =>
  withRuntime(async (runtime) => {
    await load(runtime);
    assert.equal(await codeOf(act(runtime, "hostile", "spin")), "agent_out_of_fuel");
  }));

// proves: engram-9.1-consumption
Deno.test("hostile: grab gets no more memory than it was granted", () =>
  withRuntime(async (runtime) => {
    await load(runtime);
    const { limits } = await runtime.view({ view: "info" });
    assert.deepEqual(await act(runtime, "hostile", "grab"), { pages: limits["linearMemoryPagesMax"] });
  }));

// proves: engram-4.4-atomic
Deno.test("hostile: of what it writes before it traps, nothing remains", () =>
  withRuntime(async (runtime) => {
    await load(runtime);
    const before = await exportOf(runtime);
    const { tick } = runtime.status();
    assert.equal(await codeOf(act(runtime, "hostile", "write_then_trap")), "agent_trapped");
    await runtime.idle();
    assert.deepEqual(await exportOf(runtime), before);
    assert.equal(runtime.status().tick, tick + 1);
  }));
