/** Promises of the seeds about the program as a whole, each kept small: through openRuntime() and the command line. */
import assert from "node:assert/strict";
import { MemoryDisk, openBlobs, sha256Hex } from "../../src/log/mod.ts";
import { defaultConfig, type Json } from "../../src/kernel/mod.ts";
import { EngramError, type Request, type Runtime } from "../../src/mod.ts";
import { Modules } from "../../src/runtime/agents/modules.ts";
import { arrows } from "../../scripts/lint_plugin.ts";
import { testAgent, testAgentBase64 } from "../support/agents.ts";
import { withHost } from "../support/ports.ts";
import { codeOf, loadTestAgent, run, temporaryFolder, withRuntime } from "../support/runtimes.ts";
import { runCli } from "../support/terminal.ts";
import { wat } from "../support/wat.ts";
import { actionOf, callsOf, everyCall, loadCaller } from "./every_call.ts";

const root = new URL("../../", import.meta.url);

const manifest = {
  manifest: 1,
  id: "a",
  version: "1.2.3",
  abi: "engram@1",
  capabilities: [{ name: "read", scope: "notes", reason: "To look" }],
};

// proves: engram-7.1-new, engram-7.1-load_agent, engram-7.1-unload_agent, engram-7.1-execute_action
// proves: engram-7.1-query_agent, engram-7.1-create_collaboration_context, engram-7.1-execute_workflow
// proves: engram-6.1-load, engram-6.3-create_collaboration_context, engram-4.1-instance_metadata
// proves: deploy-2-capabilities, mentat-integration1-load_if_absent, mentat-step7-module_hash
// proves: rfc-3.1-spawn, rfc-3.1-terminate, readme-4-lifecycle
Deno.test("one runtime loads, lists, runs, asks, joins in a context and a workflow, and unloads agents", () =>
  withRuntime(async (runtime) => {
    const listed = async () => (await runtime.view({ view: "agents" })).agents;
    assert.deepEqual(await listed(), []);
    const load: Request = {
      kind: "agent_load",
      agent: "a",
      wasm: testAgentBase64,
      name: "A",
      description: "The first",
      manifest,
    };
    assert.equal((await runtime.submit(load))["module"], sha256Hex(testAgent));
    assert.deepEqual(
      (await listed()).map(({ id, name, description, grants, manifest }) => [
        [id, name, description, grants],
        manifest?.["capabilities"],
      ]),
      [[["a", "A", "The first", [{ capability: "read", scope: ["notes"] }]], manifest.capabilities]],
    );
    assert.equal((await runtime.submit(load))["unchanged"], true);
    await loadTestAgent(runtime, "b");
    assert.equal(await run(runtime, "count", "{}", "a"), 1);
    assert.equal((await runtime.submit({ kind: "query", agent: "a", query: "" })).result, 1);
    await runtime.submit({ kind: "context_create", name: "work", agents: ["a", "b"] });
    const { context } = await runtime.view({ view: "context", id: "work" });
    assert.deepEqual(context.agents.map(({ agent }) => agent).sort(), ["a", "b"]);
    const step = (id: string, agent: string, dependencies: string[]) => ({
      id,
      agent,
      action: "count",
      params: {},
      dependencies,
    });
    const steps = [step("last", "a", ["first"]), step("first", "b", [])];
    const workflow = { id: "w", name: "W", steps };
    const done = await runtime.submit({ kind: "workflow", context: "work", workflow });
    const ran = Object.entries(done["steps"] as Record<string, { result: unknown; tick: number }>);
    assert.deepEqual(ran.sort(([, a], [, b]) => a.tick - b.tick).map(([id, { result }]) => [id, result]), [
      ["first", 1],
      ["last", 2],
    ]);
    await runtime.submit({ kind: "agent_unload", agent: "a" });
    assert.deepEqual((await listed()).map(({ id }) => id), ["b"]);
  }));

// proves: engram-4.1-metrics_execution_time, engram-4.1-metrics_memory_operations
// proves: engram-4.1-metrics_function_calls, engram-4.1-metrics_memory_usage, engram-6.2-metrics
// proves: engram-7.1-get_agent_metrics, engram-7.1-get_runtime_stats, engram-7.1-stats_agent_count
// proves: engram-7.1-stats_memory_usage, engram-7.1-stats_execution_time, engram-7.1-stats_function_calls
// proves: mentat-step5-memory_usage, mentat-practices3-monitor
Deno.test("an execution moves its agent's figures and the runtime's by what it did", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    await loadTestAgent(runtime, "b");
    const figures = async () => {
      const agent = await runtime.view({ view: "metrics", agent: "a" });
      const other = await runtime.view({ view: "metrics", agent: "b" });
      return { agent, other, all: await runtime.view({ view: "status" }) };
    };
    const before = await figures();
    await callsOf(runtime, "a")(["engram_create", "x", "", 10], ["engram_get", "@"], ["engram_delete", "@"]);
    const after = await figures();
    const { agent, all } = after;
    assert.deepEqual([agent.functionCalls, agent.memoryOperations, agent.memoryBytes], [
      before.agent.functionCalls + 1,
      before.agent.memoryOperations + 3,
      16 * 65_536,
    ]);
    assert.ok(agent.executionMs > before.agent.executionMs);
    assert.deepEqual(after.other, before.other);
    assert.deepEqual([all.agents, all.functionCalls, all.memoryBytes], [
      2,
      before.all.functionCalls + 1,
      (16 + 4) * 65_536,
    ]);
    assert.ok(all.executionMs > before.all.executionMs);
    const pages = Number(await run(runtime, "big", "{}", "b"));
    assert.ok(pages > 4);
    assert.equal((await figures()).other.memoryBytes, pages * 65_536);
  }));

/** The fuel at which an endless loop of an agent ends. */
async function fuelOfSpin(runtime: Runtime, agent: string): Promise<unknown> {
  try {
    await run(runtime, "spin", "{}", agent);
  } catch (error) {
    if (error instanceof EngramError && error.code === "agent_out_of_fuel") return error.data["fuel"];
    throw error;
  }
}

// proves: engram-4.1-config_max_memory, engram-4.1-config_execution_limit
// proves: engram-4.1-config_max_concurrent_agents, engram-4.1-config_resource_limits
Deno.test("the configuration limits memory, fuel, agents and writes", () =>
  withRuntime(async (runtime) => {
    const changes = { linearMemoryPagesMax: 36, stepFuelMax: 300_000, agentsMax: 2, writesPerStepMax: 2 };
    await runtime.submit({ kind: "configure", changes });
    await loadTestAgent(runtime, "a");
    await loadCaller(runtime, "b");
    assert.equal(await codeOf(loadTestAgent(runtime, "c")), "limit_reached");
    assert.equal(await run(runtime, "big", "{}", "a"), 36);
    assert.equal(await fuelOfSpin(runtime, "a"), 300_000);
    const create = ["engram_create", "x", "", 10];
    assert.equal(await callsOf(runtime, "b")(create, create, create), -6);
  }));

// proves: engram-9.3-memory_limit, mentat-step3-compute, mentat-step4-memory_limit, mentat-step4-cpu_fuel
// proves: mentat-step4-from_manifest, mentat-step5-limits
Deno.test("an agent's manifest limits its memory and its fuel; the fuel is 1,000,000,000 where it does not", () =>
  withRuntime(async (runtime) => {
    const limits = { stepFuelMax: 200_000, linearMemoryPagesMax: 20 };
    const limited = { ...manifest, id: "small", capabilities: [], limits };
    await runtime.submit({ kind: "agent_load", agent: "small", wasm: testAgentBase64, manifest: limited });
    await loadTestAgent(runtime, "plain");
    assert.equal(await run(runtime, "big", "{}", "small"), 20);
    assert.notEqual(await run(runtime, "big", "{}", "plain"), 20);
    assert.equal(await fuelOfSpin(runtime, "small"), 200_000);
    assert.equal((await runtime.view({ view: "info" })).limits["stepFuelMax"], 1_000_000_000);
  }));

/** The test agent's text with one import more, which is never called. */
const importing = (module: string, name: string, type: string): Uint8Array =>
  wat(`(module (import "${module}" "${name}" (func ${type})) (memory (export "memory") 1))`);

// proves: mentat-testing3-filesystem_escape, mentat-testing3-network_escape, engram-9.1-host_functions
// proves: rfc-2-nongoal_direct_access, rfc-5-brokered, rfc-6-no_wall_clock
Deno.test("files, network, clock, entropy and GPU are out of an agent's reach: nothing offers them", () =>
  withRuntime(async (runtime) => {
    const wanted = [
      ["wasi_snapshot_preview1", "path_open"],
      ["wasi_snapshot_preview1", "fd_write"],
      ["wasi_snapshot_preview1", "sock_accept"],
      ["wasi_snapshot_preview1", "clock_time_get"],
      ["wasi_snapshot_preview1", "random_get"],
      ["env", "fetch"],
      ["env", "gpu"],
      ["engram", "read_file"],
    ] as const;
    for (const [module, name] of wanted) {
      const wasm = new Uint8Array(importing(module, name, "")).toBase64();
      const loading = runtime.submit({ kind: "agent_load", agent: "x", wasm });
      assert.equal(await codeOf(loading), "module_import_unknown", `${module}.${name}`);
    }
    const imports = WebAssembly.Module.imports(await WebAssembly.compile(new Uint8Array(everyCall)));
    const reach = /file|path_|fd_|sock|net|fetch|host|clock|time|random|env|gpu/;
    assert.deepEqual(imports.filter(({ name }) => reach.test(name)), []);
  }));

// proves: mentat-testing1-denial, mentat-step3-policy
Deno.test("a capability is denied that the manifest does not name, that there is not, or that was not granted", () =>
  withRuntime(async (runtime) => {
    const load = (changes: string): Promise<unknown> =>
      runtime.submit({
        kind: "agent_load",
        agent: "a",
        wasm: testAgentBase64,
        ...JSON.parse(changes),
      });
    const passwd = '{"capability":"filesystem","scope":["write:/etc/passwd"]}';
    const named = JSON.stringify(manifest).replace('"read"', '"filesystem"').replace("notes", "/etc/passwd");
    assert.equal(
      await codeOf(load(`{"manifest":${JSON.stringify(manifest)},"grants":[${passwd}]}`)),
      "invalid_argument",
    );
    assert.equal(await codeOf(load(`{"manifest":${named}}`)), "invalid_manifest");
    assert.equal(
      await codeOf(
        load(`{"manifest":${JSON.stringify(manifest)},"grants":[{"capability":"write","scope":["notes"]}]}`),
      ),
      "invalid_argument",
    );
    assert.equal((await runtime.view({ view: "agents" })).agents.length, 0);
    await loadTestAgent(runtime, "b");
    await loadCaller(runtime, "free", [{ capability: "send", scope: ["b"] }]);
    await loadCaller(runtime, "bound");
    const sent = (agent: string) => callsOf(runtime, agent)(["send_message", "b", "hi"]);
    assert.deepEqual([await sent("free"), await sent("bound")], [0, -3]);
    await runtime.idle();
  }));

// proves: rfc-2.7-versioned_abi, rfc-5-abi_version
Deno.test("a module of an ABI version that the host does not know is refused, one of its own is loaded", () =>
  withRuntime(async (runtime) => {
    const versioned = (version: number) =>
      new Uint8Array([
        ...testAgent,
        ...[0, 12, 10, ...new TextEncoder().encode("engram_abi"), version],
      ]).toBase64();
    const load = (version: number) =>
      runtime.submit({ kind: "agent_load", agent: `v${version}`, wasm: versioned(version) });
    assert.equal(await codeOf(load(2)), "abi_unsupported");
    await load(1);
    assert.equal(await run(runtime, "count", "{}", "v1"), 1);
  }));

// proves: mentat-testing1-hello
Deno.test("a hello-world module answers Hello, World!", () =>
  withRuntime(async (runtime) => {
    const hello = wat(`(module
      (memory (export "memory") 1)
      (data (i32.const 16) "\\0d\\00\\00\\00Hello, World!")
      (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
      (func (export "release"))
      (global $heap (mut i32) (i32.const 4096))
      (func (export "engram_alloc") (param i32) (result i32)
        (global.set $heap (i32.add (global.get $heap) (i32.const 1024))) (global.get $heap))
      (func (export "engram_free") (param i32 i32))
      (func (export "execute") (param i32 i32 i32 i32) (result i32) (i32.const 16))
      (func (export "query") (param i32 i32) (result i32) (i32.const 0)))`);
    await runtime.submit({ kind: "agent_load", agent: "hello", wasm: hello.toBase64() });
    assert.equal(await run(runtime, "hello", "{}", "hello"), "Hello, World!");
  }));

/** What stands in the log of a step, by the agent's id. */
async function stepsOf(runtime: Runtime, agent: string) {
  const { entries } = await runtime.view({ view: "log", from: 0 });
  return entries.flatMap(({ steps }) => steps).filter((step) => step.agent === agent);
}

// proves: rfc-4.2-operation_log, mentat-step2-log_agent
// proves: rfc-1-observability
Deno.test("the log tells an operation's input, output, place in the schedule, fuel and lines, by agent", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    const action = actionOf(["log", 2, "a line"], ["engram_create", "out", "", 10]);
    const { result, tick, fuel } = await runtime.submit({
      kind: "execute",
      agent: "a",
      action,
      params: '{"in":1}',
    });
    const step = (await stepsOf(runtime, "a")).find(({ entry }) => entry === "execute");
    assert.deepEqual(step, {
      ...{ tick, seat: 0, agent: "a", entry: "execute", outcome: "completed", reason: "", fuel },
      ...{ writes: step?.writes, changed: ["note"], messages: 0, logs: ["a line"] },
    });
    assert.ok((step?.writes ?? 0) > 0);
    const { chain } = await runtime.view({ view: "why", id: String(result) });
    const told = chain.find(({ link }) => link === "step");
    assert.ok(told?.link === "step");
    assert.deepEqual([told.params, told.action, told.module], ['{"in":1}', action, sha256Hex(everyCall)]);
    assert.equal((await runtime.view({ view: "engram", id: String(result) })).content, "out");
  }));

// proves: rfc-11-provenance, engram-11.3-monitor, mentat-integration2-stream
Deno.test("a workflow is watched step by step as events, and what it wrote leads back to it", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    await runtime.submit({ kind: "context_create", name: "work", agents: ["a"] });
    const { tick } = runtime.status();
    const abort = new AbortController();
    const watched = (async () => {
      const seen: (readonly [number, string | null, string])[] = [];
      for await (const { entry } of runtime.events(tick + 1, abort.signal)) {
        for (const step of entry.steps) seen.push([entry.tick, step.agent, step.outcome]);
        if (seen.length === 2) abort.abort();
      }
      return seen;
    })();
    const step = (id: string, dependencies: string[], text: string) => ({
      id,
      agent: "a",
      action: actionOf(["engram_create", text, "", 10]),
      params: {},
      dependencies,
    });
    const steps = [step("one", [], "first"), step("two", ["one"], "second")];
    const request: Request = { kind: "workflow", context: "work", workflow: { id: "w", name: "W", steps } };
    const done = await runtime.submit(request);
    const told = done["steps"] as Record<string, { result: Json; tick: number }>;
    assert.deepEqual(await watched, [
      [told["one"]?.tick, "a", "completed"],
      [told["two"]?.tick, "a", "completed"],
    ]);
    const { chain } = await runtime.view({ view: "why", id: String(told["two"]?.result) });
    const link = chain.find(({ link }) => link === "workflow");
    assert.deepEqual(link, { link: "workflow", id: "w", name: "W", step: "two" });
    assert.equal(chain.at(-1)?.link, "command");
  }));

const workflowFile = {
  id: "w",
  name: "W",
  steps: [
    { id: "s1", agent_id: "research_agent", action: "echo", params: { query: "q" }, dependencies: [] },
    { id: "s2", agent_id: "analysis_agent", action: "count", params: {}, dependencies: ["s1"] },
  ],
};

// proves: engram-7.2-agent_load, engram-7.2-agent_load_id, engram-7.2-agent_load_wasm_path
// proves: engram-7.2-agent_load_name, engram-7.2-agent_load_description, engram-7.2-agent_execute
// proves: engram-7.2-agent_execute_id, engram-7.2-agent_execute_action, engram-7.2-agent_execute_params
// proves: engram-7.2-context_create, engram-7.2-context_create_name, engram-7.2-context_create_description
// proves: engram-7.2-context_create_agents, engram-7.2-agent_list, engram-7.2-agent_metrics
// proves: engram-7.2-agent_metrics_id, engram-7.2-workflow_execute, engram-7.2-workflow_execute_context_id
// proves: engram-7.2-workflow_execute_workflow_path, engram-11.3-json
// proves: engram-2-direct_memory, engram-8.3-offline, readme-1-headless, readme-2-no_cloud, readme-2-no_ui
// proves: rfc-2.3-local_first
Deno.test({
  name: "the seed's commands do what it says, without network, screen or other programs",
  permissions: { net: false, run: false, read: true, write: true, env: true, sys: true, ffi: true },
  fn: async () => {
    assert.notEqual((await Deno.permissions.query({ name: "net" })).state, "granted");
    using folder = temporaryFolder();
    const files = `${folder.path}-files`;
    Deno.mkdirSync(files);
    const wasm = `${files}/agent.wasm`, workflow = `${files}/workflow.json`;
    Deno.writeFileSync(wasm, testAgent);
    Deno.writeTextFileSync(workflow, JSON.stringify(workflowFile));
    Deno.writeTextFileSync(`${files}/plan.md`, "# Plan\n\nHeron launches on 12 May.\n");
    const json = async (...args: string[]) => {
      const { code, out, err } = await runCli(["--data", folder.path, "--workers", "1", ...args, "--json"]);
      assert.equal(code, 0, `${args.join(" ")}: ${err}`);
      return JSON.parse(out);
    };
    for (const id of ["research_agent", "analysis_agent"]) {
      const named = ["--name", `The ${id}`, "--description", "Looks things up"];
      await json("agent", "load", "--id", id, "--wasm-path", wasm, ...named);
    }
    const { agents } = await json("agent", "list");
    const shown = agents.map((one: Record<string, Json>) => [one["id"], one["name"], one["description"]]);
    assert.deepEqual(shown.sort(), [
      ["analysis_agent", "The analysis_agent", "Looks things up"],
      ["research_agent", "The research_agent", "Looks things up"],
    ]);
    const params = '{"query": "quantum computing", "limit": 5}';
    const echo = ["agent", "execute", "--id", "research_agent", "--action", "echo", "--params", params];
    assert.deepEqual((await json(...echo)).result, { query: "quantum computing", limit: 5 });
    const made = await json(
      ...["context", "create", "--name", "Research Project", "--description", "Shared research"],
      ...["--agents", "research_agent,analysis_agent"],
    );
    const { name, description, agents: members } = await json("context", "show", made.id);
    const ids = members.map(({ agent }: { agent: string }) => agent).sort();
    assert.deepEqual([name, description, ids], [
      "Research Project",
      "Shared research",
      ["analysis_agent", "research_agent"],
    ]);
    const { steps } = await json("workflow", "execute", "--context-id", made.id, "--workflow-path", workflow);
    assert.deepEqual([steps.s1.result, steps.s2.result], [{ query: "q" }, 1]);
    assert.equal((await json("agent", "metrics", "--id", "analysis_agent")).functionCalls >= 1, true);
    await json("memory", "import", `${files}/plan.md`);
    assert.match((await json("ask", "When does Heron launch?")).answer.text, /12 May/);
    assert.equal((await json("replay", "--verify")).ok, true);
    Deno.removeSync(files, { recursive: true });
  },
});

// proves: mentat-step1-cache, mentat-tuning1-cache, mentat-step7-cached
Deno.test("a module that was prepared once is not prepared again, also for other agents", () => {
  const modules = new Modules(openBlobs(new MemoryDisk()));
  const { sha, ready } = modules.admit(testAgent, defaultConfig, null);
  assert.equal(modules.admit(testAgent, defaultConfig, null).ready, ready);
  assert.equal(modules.get(sha, defaultConfig, null), ready);
  assert.notEqual(modules.get(sha, defaultConfig, 20), ready);
});

// proves: mentat-practices1-small
Deno.test("every bundled module is smaller than 1 MB", () => {
  const modules = ["curator", "digest", "hello", "linker"].map((name) => `agents/${name}/${name}.wasm`);
  for (const path of [...modules, "agents/demo/hostile.wasm"]) {
    assert.ok(Deno.statSync(new URL(path, root)).size < 1_000_000, path);
  }
});

function sourcesBelow(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, root))].flatMap(({ name, isDirectory }) =>
    isDirectory ? sourcesBelow(`${folder}/${name}`) : name.endsWith(".ts") ? [`${folder}/${name}`] : []
  );
}

// proves: mentat-architecture-engine, mentat-architecture-instances, mentat-architecture-host, rfc-2.7-modular
Deno.test("no folder of src imports one that the map of imports does not let it", () => {
  const below = new URL("src/", root).href;
  const wrong: string[] = [];
  let seen = 0;
  for (const path of sourcesBelow("src")) {
    const from = path.split("/").slice(1, -1)[0] ?? "";
    const text = Deno.readTextFileSync(new URL(path, root));
    for (const [, target = ""] of text.matchAll(/^(?:import|export|\}).*\bfrom "(\.{1,2}\/[^"]+)"/gm)) {
      const { href } = new URL(target, new URL(path, root));
      if (!href.startsWith(below)) continue;
      const to = href.slice(below.length);
      const folder = to.split("/")[0] ?? "";
      seen++;
      if (folder !== from && arrows[from]?.some((one) => one === folder || one === to) !== true) {
        wrong.push(`${path} imports ${to}`);
      }
    }
  }
  assert.ok(seen > 300);
  assert.deepEqual(wrong, []);
});

// proves: readme-3-docs
Deno.test("documents say what is asked for, how it is built and why, and the README leads to them", () => {
  const read = (path: string) => Deno.readTextFileSync(new URL(path, root));
  const readme = read("README.md");
  for (
    const path of ["docs/architecture.md", "docs/determinism.md", "docs/security.md", "docs/adr/README.md"]
  ) {
    assert.ok(readme.includes(`(${path})`), path);
    assert.ok(read(path).length > 1000, path);
  }
  assert.ok(read("docs/testing.md").includes("scripts/requirements.ts"));
  assert.ok(read("tests/conformance/requirements/README.md").includes("Every promise"));
  for (const { name, isDirectory } of Deno.readDirSync(new URL("src/", root))) {
    if (isDirectory) assert.ok(read("docs/architecture.md").includes(`\`src/${name}\``), name);
  }
});

// proves: readme-2-brokered, rfc-3.1-ipc_hub, rfc-4.1-through_orchestrator
Deno.test("a message passes through the log: it is there before its receiver runs", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a", [{ capability: "send", scope: ["b"] }]);
    await loadTestAgent(runtime, "b");
    const { tick } = runtime.status();
    assert.equal(await callsOf(runtime, "a")(["send_message", "b", "hi"]), 0);
    await runtime.idle();
    const { entries } = await runtime.view({ view: "log", from: tick + 1 });
    const told = entries.flatMap(({ tick, steps }) =>
      steps.map(({ agent, entry, messages }) => [tick, agent, entry, messages])
    );
    assert.deepEqual(told, [[tick + 1, "a", "execute", 1], [tick + 2, "b", "receive", 0]]);
  }));

// proves: mentat-integration2-stream, mentat-integration2-stream_data, rfc-13-telemetry_hooks
Deno.test("a host streams what agents did: data with a number, one more each time", () =>
  withHost(async ({ address, token, port }) => {
    const wasm = everyCall.toBase64();
    await port.submit({ kind: "agent_load", agent: "a", wasm });
    const { tick } = await port.view({ view: "status" });
    const abort = new AbortController();
    const answer = await fetch(`${address}/v1/events?from=${tick + 1}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: abort.signal,
    });
    for (const line of ["one", "two"]) {
      const action = actionOf(["log", 2, line]);
      await port.submit({ kind: "execute", agent: "a", action, params: "{}" });
    }
    let text = "";
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (reader !== undefined && text.match(/^data: .*\n\n/gm)?.length !== 2) {
      text += (await reader.read()).value ?? "";
    }
    await reader?.cancel();
    const told = [...text.matchAll(/^id: (\d+)\nevent: tick\ndata: (.*)$/gm)].map(([, id, data = ""]) => {
      const { steps: [step] } = JSON.parse(data);
      return [Number(id), step.agent, step.logs, step.fuel > 0];
    });
    assert.deepEqual(told, [[tick + 1, "a", ["one"], true], [tick + 2, "a", ["two"], true]]);
  }));
