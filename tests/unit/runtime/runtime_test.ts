import assert from "node:assert/strict";
import { openRuntime, replay, type Runtime } from "../../../src/mod.ts";
import { echoAgentBase64, testAgentBase64 } from "../../support/agents.ts";
import { codeOf, loadTestAgent, run, temporaryFolder, withRuntime } from "../../support/runtimes.ts";

// proves: engram-4.3-execute
// proves: engram-6.2-execute_action, deploy-1-wasm, engram-3.1-one_module_an_agent
Deno.test("execute() runs an action of a hand-written module without a manifest", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    assert.equal(await run(runtime, "count", "{}"), 1);
    assert.equal(await run(runtime, "count", "{}"), 2);
  }));

// proves: engram-6.2-execute_action
Deno.test("params reach the agent as the bytes given", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const receipt = await runtime.submit({
      kind: "execute",
      agent: "tester",
      action: "echo",
      params: `{ "b":1,  "a":"é" }`,
    });
    assert.deepEqual(receipt.result, { b: 1, a: "é" });
    assert.equal(
      receipt.fuel,
      (await runtime.submit({
        kind: "execute",
        agent: "tester",
        action: "echo",
        params: `{ "b":1,  "a":"é" }`,
      })).fuel,
    );
  }));

// proves: engram-3.2-lifecycle
Deno.test("an agent's linear memory survives closing and opening", async () => {
  using folder = temporaryFolder();
  for (const want of [1, 2, 3]) {
    const runtime = await openRuntime({ data: folder.path, workers: 1 });
    if (want === 1) await loadTestAgent(runtime);
    assert.equal(await run(runtime, "count", "{}"), want);
    await runtime.close();
  }
  assert.equal((await replay({ data: folder.path })).ok, true);
});

Deno.test("an agent's image is rebuilt from the log when its parked row is missing", async () => {
  using folder = temporaryFolder();
  const first = await openRuntime({ data: folder.path, workers: 1 });
  await loadTestAgent(first);
  for (let i = 0; i < 70; i++) await run(first, "count", "{}");
  await first.close();
  for (const suffix of ["", "-wal", "-shm"]) {
    try {
      Deno.removeSync(`${folder.path}/graph.db${suffix}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const second = await openRuntime({ data: folder.path, workers: 1 });
  assert.equal(await run(second, "count", "{}"), 71);
  await second.close();
});

for (
  const [action, code] of [["trap", "agent_trapped"], ["spin", "agent_out_of_fuel"], [
    "fail",
    "agent_failed",
  ]] as const
) {
  // proves: engram-4.4-atomic
  Deno.test(`a step that ends ${code} leaves no trace in graph, mailboxes or image`, () =>
    withRuntime(async (runtime) => {
      await loadTestAgent(runtime);
      await loadTestAgent(runtime, "other");
      await run(runtime, "count", "{}");
      const before = runtime.status();
      const failed = runtime.submit({
        kind: "execute",
        agent: "tester",
        action,
        params: `"other"`,
        fuel: 1_000_000,
      });
      assert.equal(await codeOf(failed), code);
      const after = runtime.status();
      assert.equal(after.engrams, before.engrams);
      assert.equal(after.tick, before.tick + 1);
      assert.equal(await run(runtime, "count", "{}"), 2);
      assert.equal((await runtime.submit({ kind: "query", agent: "other", query: "" })).result, 0);
    }));
}

// proves: engram-4.3-query
Deno.test("a query's writes are denied and its memory is as before", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    assert.equal((await runtime.submit({ kind: "query", agent: "tester", query: "write this" })).result, -3);
    assert.equal((await runtime.submit({ kind: "query", agent: "tester", query: "" })).result, 0);
    assert.equal(runtime.status().engrams, 0);
  }));

// proves: engram-9.2-capabilities, mentat-practices2-minimal
Deno.test("an agent without grants reads and writes its own context and nothing else", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const mine = await run(runtime, "write", `"mine"`);
    const written = await runtime.submit({ kind: "write", ops: [{ op: "add", content: "the owner's" }] });
    const [owned] = written.results as { id: string }[];
    assert.equal(typeof mine, "string");
    assert.equal((await runtime.view({ view: "engram", id: String(mine) })).by.agent, "tester");
    assert.equal(await run(runtime, "mail", `"tester"`), -3);
    const stranger = await runtime.submit({
      kind: "execute",
      agent: "tester",
      action: "get",
      params: JSON.stringify(owned?.id),
    });
    assert.equal(stranger.result, -1);
  }));

Deno.test("a second load with the same bytes changes nothing; with others it is refused", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const before = runtime.status();
    assert.equal((await loadTestAgent(runtime)).unchanged, true);
    assert.equal(runtime.status().stateHash, before.stateHash);
    const other = {
      manifest: 1,
      id: "tester",
      version: "1.0.0",
      abi: "engram@1",
      actions: [],
      capabilities: [],
    };
    const { testAgentBase64: wasm } = await import("../../support/agents.ts");
    assert.equal(
      await codeOf(runtime.submit({ kind: "agent_load", agent: "tester", wasm, manifest: other })),
      "agent_exists",
    );
    assert.equal(runtime.status().stateHash, before.stateHash);
  }));

// proves: engram-3.2-lifecycle, engram-6.2-unknown_agent
Deno.test("an agent unloaded and loaded again finds its context", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const id = String(await run(runtime, "write", `"kept"`));
    await runtime.submit({ kind: "agent_unload", agent: "tester" });
    assert.equal(await codeOf(run(runtime, "count", "{}")), "agent_not_found");
    await loadTestAgent(runtime);
    assert.equal(await run(runtime, "count", "{}"), 1);
    const got = await runtime.submit({
      kind: "execute",
      agent: "tester",
      action: "get",
      params: JSON.stringify(id),
    });
    assert.equal(got.result as { content: string } | number, -1, "an id in quotes is no id");
  }));

Deno.test("the same command id again is the same command", () =>
  withRuntime(async (runtime) => {
    const add = { kind: "write", ops: [{ op: "add", content: "once" }] } as const;
    const [first, second] = await Promise.all([
      runtime.submit(add, { commandId: "a1" }),
      runtime.submit(add, { commandId: "a1" }),
    ]);
    const third = await runtime.submit(add, { commandId: "a1" });
    assert.deepEqual(second, first);
    assert.deepEqual(third, first);
    assert.equal(runtime.status().engrams, 1);
  }));

Deno.test("the same command id after a restart is the same command", async () => {
  using folder = temporaryFolder();
  const add = { kind: "write", ops: [{ op: "add", content: "once" }] } as const;
  const first = await openRuntime({ data: folder.path });
  const receipt = await first.submit(add, { commandId: "a1" });
  await first.close();
  const second = await openRuntime({ data: folder.path });
  assert.deepEqual(await second.submit(add, { commandId: "a1" }), receipt);
  assert.equal(second.status().engrams, 1);
  await second.close();
});

Deno.test("two writes of one memory in a tick: the later is carried over and sees the first", () =>
  withRuntime(async (runtime) => {
    const { results } = await runtime.submit({ kind: "write", ops: [{ op: "add", content: "v0" }] });
    const id = (results as { id: string }[])[0]?.id ?? "";
    const [a, b] = await Promise.all([
      runtime.submit({ kind: "write", ops: [{ op: "update", id, content: "v1" }] }),
      runtime.submit({ kind: "write", ops: [{ op: "update", id, title: "t2" }] }),
    ]);
    assert.equal(b.tick, a.tick + 1);
    const engram = await runtime.view({ view: "engram", id });
    assert.deepEqual([engram.content, engram.title], ["v1", "t2"]);
  }));

// proves: deploy-1-wasm
Deno.test("a refused command leaves state hash and tick as they were", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: "a" }] });
    const before = runtime.status();
    const refused = [
      runtime.submit({ kind: "write", ops: [{ op: "update", id: "e0", content: "x" }] }),
      runtime.submit({ kind: "write", ops: [{ op: "add", content: "b" }, { op: "delete", id: "e0" }] }),
      runtime.submit({ kind: "write", ops: [{ op: "add", content: "b", context: "nowhere" }] }),
      runtime.submit({ kind: "write", ops: [{ op: "add", content: "b", confidence: 2 }] }),
      runtime.submit({ kind: "execute", agent: "nobody", action: "x" }),
      runtime.submit({ kind: "agent_load", agent: "bad", wasm: btoa("not wasm") }),
      runtime.submit({ kind: "configure", changes: { nothing: 1 } }),
    ].map(codeOf);
    assert.deepEqual(await Promise.all(refused), [
      "engram_not_found",
      "engram_not_found",
      "context_not_found",
      "invalid_confidence",
      "agent_not_found",
      "module_invalid",
      "invalid_argument",
    ]);
    assert.equal(runtime.status().stateHash, before.stateHash);
    assert.equal(runtime.status().tick, before.tick);
  }));

Deno.test("a write of what is there already leaves tick and state hash as they were", () =>
  withRuntime(async (runtime) => {
    const upsert = {
      kind: "write",
      ops: [{
        op: "upsert",
        content: "a note",
        source: "a.md",
        ref: "a.md#top",
        time: "2026-03-14",
        timeSource: "name",
      }],
    } as const;
    const first = await runtime.submit(upsert);
    const before = runtime.status();
    const again = await runtime.submit(upsert);
    assert.deepEqual(again.results, [{
      id: (first.results as { id: string }[])[0]?.id,
      status: "unchanged",
    }]);
    assert.deepEqual([runtime.status().tick, runtime.status().stateHash], [before.tick, before.stateHash]);
  }));

Deno.test("a source and ref deleted and stored again in one command is a new memory", () =>
  withRuntime(async (runtime) => {
    const note = { content: "a note", source: "a.md", ref: "a.md#top" };
    const { results } = await runtime.submit({ kind: "write", ops: [{ op: "upsert", ...note }] });
    const [first] = results as { id: string }[];
    const again = await runtime.submit({
      kind: "write",
      ops: [{ op: "delete", id: first?.id ?? "" }, { op: "upsert", ...note }],
    });
    const [, second] = again.results as { id: string; status: string }[];
    assert.equal(second?.status, "created");
    await runtime.submit({
      kind: "write",
      ops: [{ op: "update", id: second?.id ?? "", content: "changed" }],
    });
  }));

// proves: engram-6.1-initialize_config
Deno.test("an agent gets its manifest's config", () =>
  withRuntime(async (runtime) => {
    const config = { peer: "pong" };
    const manifest = {
      manifest: 1,
      id: "tester",
      version: "1.0.0",
      abi: "engram@1",
      capabilities: [],
      config,
    };
    await runtime.submit({ kind: "agent_load", agent: "tester", wasm: testAgentBase64, manifest });
    assert.deepEqual((await run(runtime, "initial", "{}") as { config: unknown }).config, config);
  }));

// proves: engram-6.3-execute_workflow, engram-6.3-workflow_result, rfc-11-dag, engram-13.3-coordination
Deno.test("a workflow runs independent steps in one tick and passes results on", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime, "a");
    await loadTestAgent(runtime, "b");
    await runtime.submit({ kind: "context_create", name: "work", agents: ["a", "b"] });
    const step = (id: string, agent: string, params: string, dependencies: string[] = []) => ({
      id,
      agent,
      action: "echo",
      params,
      dependencies,
    });
    const receipt = await runtime.submit({
      kind: "workflow",
      context: "work",
      workflow: {
        id: "w",
        name: "W",
        steps: [
          step("one", "a", `{"x": 7}`),
          step("two", "b", `{"y": 8}`),
          step("three", "a", `{"z": \${steps.one.result.x}}`, ["one", "two"]),
        ],
      },
    });
    const steps = receipt.steps as Record<string, { result: unknown; tick: number }>;
    assert.deepEqual(Object.keys(steps), ["one", "two", "three"]);
    assert.deepEqual([steps.one?.result, steps.two?.result, steps.three?.result], [{ x: 7 }, { y: 8 }, {
      z: 7,
    }]);
    assert.equal(steps.one?.tick, steps.two?.tick);
    const { id } = await runtime.view({ view: "resolve", what: "context", text: "work" });
    assert.equal(receipt.context, id);
  }));

// proves: engram-6.3-unknown_context
Deno.test("a workflow in a context that is not there is refused before anything runs", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime, "a");
    const before = runtime.status().stateHash;
    const steps = [{ id: "one", agent: "a", action: "count", params: "{}", dependencies: [] }];
    const refused = runtime.submit({
      kind: "workflow",
      context: "none",
      workflow: { id: "w", name: "W", steps },
    });
    assert.equal(await codeOf(refused), "context_not_found");
    assert.equal(runtime.status().stateHash, before);
  }));

// proves: mentat-step3-audit, rfc-5-audit, mentat-architecture-audit
Deno.test("the log shows which module was loaded and what it was granted", () =>
  withRuntime(async (runtime) => {
    const wanted = [{ name: "read", scope: "personal", reason: "to read" }];
    const manifest = { manifest: 1, id: "tester", version: "1.0.0", abi: "engram@1", capabilities: wanted };
    const load = await runtime.submit({
      kind: "agent_load",
      agent: "tester",
      wasm: testAgentBase64,
      manifest,
    });
    const { entries } = await runtime.view({ view: "log", from: load.tick, limit: 1 });
    const [command] = entries[0]?.commands ?? [];
    assert.deepEqual([command?.module, command?.grants], [load.module, [{
      capability: "read",
      scope: ["personal"],
    }]]);
  }));

Deno.test("a workflow stops at a step that crashes, and says which", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime, "a");
    await runtime.submit({ kind: "context_create", name: "work", agents: ["a"] });
    const workflow = {
      id: "w",
      name: "W",
      steps: [
        { id: "one", agent: "a", action: "trap", params: "{}", dependencies: [] },
        { id: "two", agent: "a", action: "count", params: "{}", dependencies: ["one"] },
      ],
    };
    assert.equal(
      await codeOf(runtime.submit({ kind: "workflow", context: "work", workflow })),
      "workflow_step_failed",
    );
    assert.equal(await run(runtime, "count", "{}", "a"), 1);
  }));

Deno.test("an agent outside a context is denied to run in it, and the denial is logged", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    await runtime.submit({ kind: "context_create", name: "closed" });
    const before = runtime.status().tick;
    const denied = runtime.submit({
      kind: "execute",
      agent: "tester",
      action: "count",
      params: "{}",
      context: "closed",
    });
    assert.equal(await codeOf(denied), "agent_denied");
    assert.equal(runtime.status().tick, before + 1);
  }));

// proves: mentat-practices2-audited
Deno.test("why --check runs the step that wrote a memory again and finds it identical", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    await run(runtime, "count", "{}");
    const id = String(await run(runtime, "write", `"a thought"`));
    await run(runtime, "count", "{}");
    const told = await runtime.view({ view: "why", id, check: true });
    assert.deepEqual([told.check?.identical, told.check?.what], [true, null]);
    assert.deepEqual(told.chain.map((link) => link.link), ["engram", "step", "command"]);
  }));

Deno.test("agents that never stop talking do not keep a runtime from closing, and go on when it resumes", async () => {
  using folder = temporaryFolder();
  const talk = (id: string, to: string) => ({
    kind: "agent_load" as const,
    agent: id,
    wasm: echoAgentBase64,
    manifest: {
      manifest: 1,
      id,
      version: "1.0.0",
      abi: "engram@1",
      capabilities: [{ name: "send", scope: to, reason: "to talk" }],
    },
  });
  const first = await openRuntime({ data: folder.path, workers: 1 });
  await first.submit(talk("a", "b"));
  await first.submit(talk("b", "a"));
  await first.submit({ kind: "execute", agent: "a", action: "b", params: "{}" });
  await first.close();
  const before = (await openTick(folder.path)).tick;
  const second = await openRuntime({ data: folder.path, workers: 1, resume: "now" });
  while (second.status().tick < before + 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await second.close();
  assert.equal((await replay({ data: folder.path })).first, undefined);
});

Deno.test("messages that wait go on with agents' commands alone, where it is opened so", async () => {
  using folder = temporaryFolder();
  const first = await openRuntime({ data: folder.path, workers: 1 });
  for (const agent of ["a", "b"]) {
    const capabilities = [{ name: "send", scope: "*", reason: "to talk" }];
    const manifest = { manifest: 1, id: agent, version: "1.0.0", abi: "engram@1", capabilities };
    await first.submit({ kind: "agent_load", agent, wasm: echoAgentBase64, manifest });
  }
  await first.submit({ kind: "execute", agent: "a", action: "b", params: "{}" });
  await first.close();
  const runtime = await openRuntime({ data: folder.path, workers: 1, resume: "with_agents" });
  const steps = () => runtime.status().functionCalls;
  const before = steps();
  assert.equal(runtime.status().waitingMessages, 1);
  for (let at = 0; at < 3; at++) {
    await runtime.submit({ kind: "write", ops: [{ op: "add", content: `Memory ${at}` }] });
  }
  await runtime.submit({ kind: "query", agent: "a", query: "" });
  assert.deepEqual([steps(), runtime.status().waitingMessages], [before + 1, 1]);
  await runtime.submit({ kind: "execute", agent: "a", action: "b", params: "{}" });
  while (steps() < before + 6) await new Promise((resolve) => setTimeout(resolve, 1));
  await runtime.close();
  assert.equal((await replay({ data: folder.path })).first, undefined);
});

Deno.test("a workflow that waits goes on when somebody asks for it, waits for all, or erases", async () => {
  using folder = temporaryFolder();
  const step = (id: string, ...dependencies: string[]) => ({
    id,
    agent: "tester",
    action: "count",
    params: {},
    dependencies,
  });
  const workflow = {
    id: "flow",
    name: "Flow",
    steps: [step("one"), step("two", "one"), step("three", "two")],
  };
  const request = { kind: "workflow", context: "tester", workflow } as const;
  const asked: [string, (runtime: Runtime, id: string) => Promise<unknown>][] = [
    ["asked", (runtime) => runtime.submit(request, { commandId: "flow-asked" })],
    ["idle", (runtime) => runtime.idle()],
    ["erase", (runtime, id) => runtime.submit({ kind: "erase", ids: [id] })],
  ];
  for (const [name, ask] of asked) {
    const runtime = await openRuntime({ data: folder.path, workers: 1 });
    await loadTestAgent(runtime);
    const { results } = await runtime.submit({ kind: "write", ops: [{ op: "add", content: "A memory." }] });
    const { tick } = runtime.status();
    const running = runtime.submit(request, { commandId: `flow-${name}` }).catch(() => null);
    while (runtime.status().tick === tick) await new Promise((resolve) => setImmediate(resolve));
    await runtime.close();
    await running;
    const again = await openRuntime({ data: folder.path, workers: 1, resume: "with_agents" });
    assert.equal(again.status().workflows, 1);
    await again.submit({ kind: "write", ops: [{ op: "add", content: "Another." }] });
    assert.equal(again.status().workflows, 1);
    const [made] = results as { id: string }[];
    await ask(again, made?.id ?? "");
    assert.equal(again.status().workflows, 0, name);
    await again.close();
  }
  assert.equal((await replay({ data: folder.path })).first, undefined);
});

async function openTick(data: string): Promise<{ tick: number }> {
  const runtime = await openRuntime({ data, workers: 1 });
  const { tick } = runtime.status();
  await runtime.close();
  return { tick };
}
