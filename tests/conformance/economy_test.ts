/** Promises of the seeds about what work costs: what is made once, shared, carried together, given back. No clock decides. */
import assert from "node:assert/strict";
import { defaultConfig } from "../../src/kernel/mod.ts";
import { MemoryDisk, openBlobs } from "../../src/log/mod.ts";
import { EngramError, openRuntime } from "../../src/mod.ts";
import { Modules } from "../../src/runtime/agents/modules.ts";
import { EngineEnd } from "../../src/sandbox/channel.ts";
import { act, loadAgent } from "../support/agent_host.ts";
import { testAgent, testAgentBase64 } from "../support/agents.ts";
import { hotBytes, neverBytes } from "../support/economy_probe.ts";
import { codeOf, loadTestAgent, run, temporaryFolder, withRuntime } from "../support/runtimes.ts";
import { answerOf, Bench, guestText, imports, stepOf } from "../unit/sandbox/guest.ts";

async function probe(what: string, ...flags: string[]): Promise<string> {
  const path = new URL("../support/economy_probe.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", ...flags, path, what],
    stdout: "piped",
    stderr: "inherit",
  });
  const { stdout, success } = await command.output();
  assert.ok(success);
  return new TextDecoder().decode(stdout);
}

// proves: engram-10.2-jit, mentat-step1-optimized, engram-10.2-caching
Deno.test("a module's function is compiled when it is first called, once for all agents, and again for speed when it is hot", async () => {
  const told = await probe("compile", "--v8-flags=--trace-wasm-compilation-times");
  const compiled = [...told.matchAll(/^Compiled function .* using (\w+), .*bodysize (\d+) /gm)]
    .map(([, compiler, size]) => ({ compiler, size: Number(size) }));
  const near = (bytes: number) => compiled.filter(({ size }) => size > bytes && size < bytes + 1000);
  assert.deepEqual(near(hotBytes).map(({ compiler }) => compiler), ["Liftoff", "TurboFan"]);
  assert.deepEqual(near(neverBytes), []);
});

// proves: deploy-1-footprint, deploy-4-pooling
Deno.test("four thousand agents share two threads, and fifty take less memory than one V8 isolate", async () => {
  const { agents, workers, agentKib, isolateKib } = JSON.parse(await probe("footprint"));
  assert.deepEqual([agents, workers], [4000, 2]);
  assert.ok(agentKib * 50 < isolateKib, `an agent ${agentKib} KiB, an isolate ${isolateKib} KiB`);
});

// proves: engram-10.2-batching
Deno.test("what 50 agents ask of the host crosses between threads together, a frame a turn", () => {
  const execute = `(loop $on
      (drop (call $log (i32.const 2) (i32.const 0) (i32.const 4)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $on (i32.lt_u (local.get $i) (i32.const 20))))
    (call $answer (local.get $i))`;
  using bench = new Bench({ m: guestText({ imports: imports.log, execute }) });
  let frames = 0;
  const { send } = EngineEnd.prototype;
  EngineEnd.prototype.send = function (...args) {
    frames++;
    return send.apply(this, args);
  };
  try {
    const results = bench.run(Array.from({ length: 50 }, (_, nth) => stepOf(`agent ${nth}`)));
    assert.ok(results.every((result) => answerOf(result) === 20));
  } finally {
    EngineEnd.prototype.send = send;
  }
  assert.equal(bench.calls.length, 1000);
  assert.ok(frames <= 1 + 20, `${frames} frames`);
});

// proves: mentat-tuning1-lru
Deno.test("of more prepared modules than are kept, the one used longest ago is prepared again", () => {
  const modules = new Modules(openBlobs(new MemoryDisk()));
  const { sha, ready: first } = modules.admit(testAgent, defaultConfig, 5);
  const second = modules.get(sha, defaultConfig, 6);
  for (let pages = 7; pages <= 5 + 255; pages++) modules.get(sha, defaultConfig, pages);
  assert.equal(modules.get(sha, defaultConfig, 5), first); // 256 are kept, and this one was just used
  modules.get(sha, defaultConfig, 5 + 256);
  assert.equal(modules.get(sha, defaultConfig, 5), first);
  assert.notEqual(modules.get(sha, defaultConfig, 6), second);
});

// proves: engram-10.1-lazy
Deno.test("a folder opens and answers without its modules and images: they are read when their agent runs", async () => {
  using folder = temporaryFolder();
  const open = () => openRuntime({ data: folder.path, seed: 1, workers: 1 });
  const first = await open();
  await loadTestAgent(first, "a");
  await run(first, "count", "{}", "a");
  await first.submit({ kind: "write", ops: [{ op: "add", content: "Heron launches on 12 May." }] });
  await first.close();
  Deno.renameSync(`${folder.path}/blobs`, `${folder.path}/away`);
  Deno.mkdirSync(`${folder.path}/blobs`);
  const second = await open();
  assert.equal(second.status().agents, 1);
  assert.equal((await second.view({ view: "search", text: "heron" })).hits.length, 1);
  assert.equal(await codeOf(run(second, "count", "{}", "a")), "blob_missing");
  await second.close();
  Deno.removeSync(`${folder.path}/blobs`);
  Deno.renameSync(`${folder.path}/away`, `${folder.path}/blobs`);
  const third = await open();
  assert.equal(await run(third, "count", "{}", "a"), 2);
  await third.close();
});

// proves: engram-10.1-allocation
Deno.test("what the host allocates in an agent for a step is freed after it: 100 steps take the memory of two", () =>
  withRuntime(async (runtime) => {
    await loadAgent(runtime, "linker");
    const bytesAfter = async (steps: number) => {
      for (let nth = 0; nth < steps; nth++) {
        await act(runtime, "linker", "link", { padding: "x".repeat(100_000) });
      }
      return (await runtime.view({ view: "metrics", agent: "linker" })).memoryBytes;
    };
    const bytes = await bytesAfter(2);
    assert.ok(bytes > 0);
    assert.equal(await bytesAfter(98), bytes);
    await runtime.submit({ kind: "agent_unload", agent: "linker" });
    assert.equal(runtime.status().memoryBytes, 0);
  }));

// proves: engram-9.3-storage_quota
Deno.test("a quota bounds what an agent writes, also after what it wrote was erased, and replays", async () => {
  await withRuntime(async (runtime) => {
    const capabilities = ["read", "write"].map((name) => ({ name, scope: "*", reason: "to be tested" }));
    const manifest = { manifest: 1, id: "tester", version: "1.0.0", abi: "engram@1", capabilities };
    await runtime.submit({ kind: "agent_load", agent: "tester", wasm: testAgentBase64, manifest });
    await runtime.submit({ kind: "configure", changes: { agentWrittenBytesMax: 2000 } });
    const write = (text: string) => run(runtime, "Write", JSON.stringify(text));
    const id = String(await write("purple-otter-seventeen ".repeat(50)));
    const over = await write("x".repeat(1200)).then(() => null, (error: unknown) => error);
    assert.ok(over instanceof EngramError && over.code === "agent_failed");
    assert.match(over.message, /agentWrittenBytesMax is 2000/);
    assert.equal((await runtime.view({ view: "status" })).engrams, 1);
    // The bytes of what is erased are gone, their count is not.
    await runtime.submit({ kind: "erase", ids: [id] });
    assert.equal(await codeOf(write("y".repeat(1200))), "agent_failed");
    assert.equal(typeof await write("short"), "string");
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: "z".repeat(5000) }] }); // the owner has none
    await runtime.submit({ kind: "configure", changes: { agentWrittenBytesMax: 5000 } });
    assert.equal(typeof await write("y".repeat(1200)), "string");
  });
});

// proves: mentat-tuning3-idle
Deno.test("agents without a step give their memory back, go on where they were, and replay alike", () =>
  withRuntime(async (runtime) => {
    for (const agent of ["a", "b"]) await loadTestAgent(runtime, agent);
    await run(runtime, "count", "{}", "a");
    const held = async () => {
      const { metrics } = await runtime.view({ view: "runtime_metrics" });
      return metrics.flatMap((one) =>
        one.name === "wasm_instances_total" && "samples" in one
          ? one.samples.filter(({ labels }) => labels["status"] === "active").map(({ value }) => value)
          : []
      )[0];
    };
    assert.equal(await held(), 2);
    assert.notEqual(runtime.rest(), null); // from now on they are watched
    assert.equal(await run(runtime, "count", "{}", "a"), 2);
    assert.notEqual(runtime.rest(), null);
    assert.equal(await held(), 1); // the one that did nothing since
    assert.equal(runtime.rest(), null);
    assert.equal(await held(), 0);
    assert.equal(runtime.rest(), null);
    assert.deepEqual([await run(runtime, "count", "{}", "a"), await run(runtime, "count", "{}", "b")], [
      3,
      1,
    ]);
  }, { idleInstanceMs: 0 }));

// proves: mentat-tuning3-idle
Deno.test("the memory of agents at rest goes back to the system", async () => {
  const { held, left } = JSON.parse(await probe("rest"));
  assert.ok(held > 12 * 16 && left < held / 4, `${held} MiB held, ${left} left`);
});

// proves: mentat-troubleshooting3-sensitive
Deno.test({
  name: "what an agent held in its memory stands nowhere in the process once its instance is gone",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { there, gone } = JSON.parse(await probe("secrets"));
    assert.ok(there >= 2, `${there} copies while it is held`);
    assert.equal(gone, 0);
  },
});

// proves: mentat-step6-total
Deno.test("the memory of all agents together is limited: what would grow beyond is refused and leaves nothing", () =>
  withRuntime(async (runtime) => {
    const limits = { stepFuelMax: 1_000_000_000, linearMemoryPagesMax: 20 };
    const load = (agent: string) =>
      runtime.submit({
        kind: "agent_load",
        agent,
        wasm: testAgentBase64,
        manifest: { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities: [], limits },
      });
    const pages = async () => (await runtime.view({ view: "status" })).memoryBytes / 65_536;
    const changes = { linearMemoryPagesAllMax: 30 };
    await runtime.submit({ kind: "configure", changes });
    for (const agent of ["a", "b"]) await load(agent);
    assert.equal(await run(runtime, "count", "{}", "b"), 1);
    assert.equal(await run(runtime, "big", "{}", "a"), 20);
    assert.equal(await pages(), 24);
    const refused = await run(runtime, "big", "{}", "b").then(() => null, (error: unknown) => error);
    assert.ok(refused instanceof EngramError && refused.code === "agent_failed");
    assert.match(refused.message, /linearMemoryPagesAllMax is 30/);
    assert.deepEqual([await run(runtime, "count", "{}", "b"), await pages()], [2, 24]);
    await load("c");
    assert.equal(await codeOf(load("d")), "agent_initialize_failed");
    assert.equal(await pages(), 28);
    await runtime.submit({ kind: "agent_unload", agent: "a" });
    assert.equal(await run(runtime, "big", "{}", "b"), 20);
    assert.equal(await pages(), 24);
  }));
