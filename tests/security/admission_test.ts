/** What no entry can hold is refused at the door: neither a caller nor an agent stops the engine by what it writes. */
import assert from "node:assert/strict";
import { EngramError, openRuntime, type Request } from "../../src/mod.ts";
import type { Json, JsonObject } from "../../src/kernel/mod.ts";
import { testAgentBase64 } from "../support/agents.ts";
import { hostCallAgent } from "../support/host_call_agent.ts";
import { codeOf, loadTestAgent, run, temporaryFolder, withRuntime } from "../support/runtimes.ts";

const half = "x\ud800y";
const marked: JsonObject = JSON.parse('{"__proto__": {"a": 1}}');

function nested(levels: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
}

const lists = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

const workflow = (params: Json, id = "w"): Request => ({
  kind: "workflow",
  context: "tester",
  workflow: { id, name: id, steps: [{ id: "a", agent: "tester", action: "echo", params, dependencies: [] }] },
});

const refused: readonly (readonly [string, Request])[] = [
  ["half a pair in a context's name", { kind: "context_create", name: half }],
  ["half a pair in an action", { kind: "execute", agent: "tester", action: half }],
  ["half a pair in an agent's config", {
    kind: "agent_load",
    agent: "other",
    wasm: testAgentBase64,
    config: { a: half },
  }],
  ["half a pair in a workflow's id", workflow({}, half)],
  ["half a pair in a link's type", {
    kind: "write",
    ops: [{ op: "link", type: half, from: ["a", "b"], to: ["a", "c"] }],
  }],
  ["half a pair in a key of metadata", {
    kind: "write",
    ops: [{ op: "add", content: "a", metadata: { [half]: 1 } }],
  }],
  ["the key __proto__ in a config", {
    kind: "agent_load",
    agent: "other",
    wasm: testAgentBase64,
    config: marked,
  }],
  ["a config of 150 levels", {
    kind: "agent_load",
    agent: "other",
    wasm: testAgentBase64,
    config: nested(150),
  }],
  ["params of 20,000 levels in a workflow", workflow(nested(20_000))],
  ["metadata of 20,000 levels", {
    kind: "write",
    ops: [{ op: "add", content: "a", metadata: nested(20_000) }],
  }],
];

for (const [what, request] of refused) {
  Deno.test(`${what} is an invalid argument, and nothing changes`, () =>
    withRuntime(async (runtime) => {
      await loadTestAgent(runtime);
      const before = runtime.status();
      assert.equal(await codeOf(runtime.submit(request)), "invalid_argument");
      const { tick, stateHash } = runtime.status();
      assert.deepEqual({ tick, stateHash }, { tick: before.tick, stateHash: before.stateHash });
      assert.equal(await run(runtime, "count", "{}"), 1);
    }));
}

Deno.test("the key __proto__ in params of a workflow is a key as any other, and reaches the agent", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const receipt = await runtime.submit(workflow(marked));
    assert.match(JSON.stringify(receipt), /"result":\{"__proto__":\{"a":1\}\}/);
  }));

Deno.test("a workflow with a cycle is refused by the runtime itself, and it comes to rest", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const step = (id: string, needs: string) => ({
      id,
      agent: "tester",
      action: "count",
      params: {},
      dependencies: [needs],
    });
    const request: Request = {
      kind: "workflow",
      context: "tester",
      workflow: { id: "w", name: "w", steps: [step("a", "b"), step("b", "a")] },
    };
    assert.equal(await codeOf(runtime.submit(request)), "workflow_cycle");
    await runtime.idle();
  }));

Deno.test("the rules of a folder are no limits that configure changes", () =>
  withRuntime(async (runtime) => {
    const request: Request = { kind: "configure", changes: { behaviour: 2 } };
    assert.equal(await codeOf(runtime.submit(request)), "invalid_argument");
  }));

Deno.test("JSON that nests too deep is -2 for an agent that stores or searches with it", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "agent_load", agent: "caller", wasm: hostCallAgent.toBase64() });
    const deep = `{"metadata":{"a":${lists(30_000)}}}`;
    assert.equal(await run(runtime, "metadata", deep, "caller"), -2);
    assert.equal(await run(runtime, "search", deep, "caller"), -2);
  }));

Deno.test("a result that nests too deep is told as text", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    const deep = lists(20_000);
    assert.equal(await run(runtime, "echo", deep), deep);
  }));

Deno.test("an id that is none, however long, leaves nothing of itself in the entry", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "agent_load", agent: "caller", wasm: hostCallAgent.toBase64() });
    assert.equal(await run(runtime, "get", `"${"n".repeat(1_000_000)}"`, "caller"), -1);
    const { entries } = await runtime.view({ view: "log", from: 2 });
    assert.ok(JSON.stringify(entries).length < 10_000);
  }));

Deno.test("a context's name and metadata have limits", () =>
  withRuntime(async (runtime) => {
    const long: Request = { kind: "context_create", name: "n".repeat(1025) };
    const large: Request = { kind: "context_create", name: "n", metadata: { a: "m".repeat(65_536) } };
    assert.equal(await codeOf(runtime.submit(long)), "limit_reached");
    assert.equal(await codeOf(runtime.submit(large)), "limit_reached");
  }));

Deno.test("what reads like the mark of a payload is kept as it is, and the folder opens again", async () => {
  using folder = temporaryFolder();
  const options = { data: folder.path, seed: 1, workers: 1 };
  const config = { $payload: [null, null, null], $$payload: 1 };
  const first = await openRuntime(options);
  const load: Request = { kind: "agent_load", agent: "tester", wasm: testAgentBase64, config };
  await first.submit(load);
  const echo: Request = {
    kind: "execute",
    agent: "tester",
    action: "echo",
    params: '{"$payload":[null,null,null]}',
  };
  const told = await first.submit(echo, { commandId: "once" });
  await first.close();
  const second = await openRuntime(options);
  assert.deepEqual(await second.submit(echo, { commandId: "once" }), told);
  const given = await run(second, "initial", "{}");
  assert.deepEqual((given as { config: unknown }).config, config);
  await second.close();
});

Deno.test("a refusal of admission is an EngramError for callers without types too", () =>
  withRuntime(async (runtime) => {
    const request: Request = JSON.parse('{"kind": "write", "ops": [{"op": "delete"}]}');
    await assert.rejects(runtime.submit(request), EngramError);
  }));
