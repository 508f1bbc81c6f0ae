/** The host interface of the Engram-Lite seed, §4, called by a module that runs as an agent. */
import assert from "node:assert/strict";
import { codeOf, loadTestAgent, run, withRuntime } from "../support/runtimes.ts";
import { actionOf, callsOf, loadCaller } from "./every_call.ts";

/** Fields of an engram, hit or path as an agent gets them; leaves are compared, never computed with. */
interface Json {
  readonly [key: string]: Json;
}

const idsIn = (list: Json | undefined): unknown[] =>
  Array.isArray(list) ? list.map((one: Json) => one["id"]).sort() : [];

// proves: engram-3.1-memory_api, engram-3.2-host_crud
// proves: engram-4.2-engram_create, engram-4.2-engram_get, engram-4.2-engram_update, engram-4.2-engram_delete
// proves: deploy-production-host_state, mentat-overview-host_api
Deno.test("an agent creates, reads, updates and deletes engrams", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    const call = callsOf(runtime, "a");
    const id = String(await call(["engram_create", "first", "src", 5, '{"k":"v"}']));
    const read = async () => {
      const found = await call(["engram_get", id]) as Json;
      return ["id", "content", "source", "confidence", "metadata"].map((key) => found[key]);
    };
    assert.deepEqual(await read(), [id, "first", "src", 0.5, { k: "v" }]);
    assert.equal(await call(["engram_update", id, "second"]), 0);
    assert.deepEqual(await read(), [id, "second", "src", 0.5, { k: "v" }]);
    assert.equal(await call(["engram_update", id, "", "other", 7, '{"k":"w"}']), 0);
    assert.deepEqual(await read(), [id, "second", "other", 0.7, { k: "w" }]);
    assert.equal(await call(["engram_delete", id]), 0);
    assert.equal(await call(["engram_get", id]), -1);
    assert.equal(await codeOf(runtime.view({ view: "engram", id })), "engram_not_found");
  }));

// proves: engram-3.1-query_api, engram-3.2-host_search
// proves: engram-4.2-search_by_text, engram-4.2-search_by_metadata, engram-4.2-search_combined
// proves: deploy-production-host_state, mentat-overview-host_api
Deno.test("an agent searches by words, by metadata and by several criteria at once", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    const call = callsOf(runtime, "a");
    const made = async (...given: (string | number)[]) => String(await call(["engram_create", ...given]));
    const near = await made("the grey heron fishes", "field", 9, '{"place":"river"}');
    const far = await made("the heron is grey", "field", 4, '{"place":"lake"}');
    await made("an otter swims", "field", 9, '{"place":"river"}');
    const found = async (...given: (string | number)[]) => idsIn((await call(given) as Json)["hits"]);
    assert.deepEqual(await found("search_by_text", "heron grey", 0, 10), [near, far].sort());
    assert.deepEqual(await found("search_by_text", "grey heron", 1, 10), [near]);
    assert.equal((await found("search_by_text", "heron grey", 0, 1)).length, 1);
    assert.deepEqual(await found("search_by_metadata", "place", "lake", 10), [far]);
    assert.equal((await found("search_by_metadata", "place", "river", 1)).length, 1);
    const criteria = { text: "heron", source: "field", minConfidence: 0.5, metadata: { place: "river" } };
    assert.deepEqual(await found("search_combined", JSON.stringify(criteria)), [near]);
  }));

// proves: engram-3.1-graph_api, engram-3.2-host_navigation
// proves: engram-4.2-connection_create, engram-4.2-find_paths, engram-4.2-find_connected_engrams
// proves: deploy-production-host_state, mentat-overview-host_api
Deno.test("an agent connects engrams, finds the ways between them and what lies around them", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    const call = callsOf(runtime, "a");
    const ids: string[] = [];
    for (const text of ["one", "two", "three"]) ids.push(String(await call(["engram_create", text, "", 10])));
    const [one = "", two = "", three = ""] = ids;
    const first = await call(["connection_create", one, two, "knows", 25, '{"since":1}']);
    const second = await call(["connection_create", two, three, "likes", 10]);
    const { paths } = await call(["find_paths", one, three, 2]) as Json;
    assert.deepEqual(paths, [{
      engrams: [one, two, three],
      connections: [{ id: first, type: "knows", weight: 2.5 }, { id: second, type: "likes", weight: 1 }],
      weight: 3.5,
    }]);
    assert.deepEqual(await call(["find_paths", one, three, 1]), { paths: [] });
    const around = async (...given: (string | number)[]) => {
      const { connected } = await call(["find_connected_engrams", one, ...given]) as Json;
      return Array.isArray(connected) ? connected.map((near: Json) => near["engram"]?.["id"]) : [];
    };
    assert.deepEqual([await around(1), await around(2), await around(2, "likes")], [[two], [two, three], []]);
    const { connections } = await runtime.view({ view: "export" });
    assert.deepEqual(connections.find(({ id }) => id === first)?.metadata, { since: 1 });
  }));

// proves: engram-4.2-context_create, engram-4.2-context_add_engram, engram-4.2-context_add_agent
// proves: engram-4.2-context_get_engrams
// proves: engram-2-shared_contexts, engram-3.2-controlled_sharing, engram-9.2-contexts
Deno.test("agents share what lies in a context, and only those whom it lets in", () =>
  withRuntime(async (runtime) => {
    for (const agent of ["a", "b", "c"]) await loadCaller(runtime, agent);
    const a = callsOf(runtime, "a"), b = callsOf(runtime, "b"), c = callsOf(runtime, "c");
    const context = String(await a(["context_create", "work", "what we share", '{"k":"v"}']));
    const { context: made } = await runtime.view({ view: "context", id: context });
    assert.deepEqual([made.name, made.description, made.metadata], ["work", "what we share", { k: "v" }]);
    const shared = String(await a(["engram_create", "for all", "", 10]));
    const kept = String(await a(["engram_create", "for me", "", 10]));
    assert.equal(await a(["context_add_engram", context, shared]), 0);
    assert.equal(await b(["engram_get", shared]), -1);
    assert.equal(await a(["context_add_agent", context, "b"]), 0);
    const { engrams } = await b(["context_get_engrams", context]) as Json;
    assert.deepEqual(idsIn(engrams), [shared]);
    assert.equal((await b(["engram_get", shared]) as Json)["content"], "for all");
    assert.deepEqual([await b(["engram_get", kept]), await c(["engram_get", shared])], [-1, -1]);
    assert.deepEqual([await c(["context_get_engrams", context]), await c(["context_current"])], [-1, {
      id: (await runtime.view({ view: "agents" })).agents.find(({ id }) => id === "c")?.context,
      name: "c",
    }]);
  }));

// proves: engram-4.4-begin, engram-4.4-commit, engram-4.4-rollback, engram-4.4-states, engram-4.4-operations
// proves: engram-4.1-host_state_transaction
Deno.test("an agent's transaction is kept whole or leaves nothing, and is refused in the wrong state", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    const call = callsOf(runtime, "a");
    const one = String(await call(["engram_create", "one", "", 10]));
    const two = String(await call(["engram_create", "two", "", 10]));
    const work = [
      ["engram_create", "new", "", 10],
      ["context_create", "plans"],
      ["engram_update", one, "changed"],
      ["engram_delete", two],
      ["connection_create", one, one, "knows", 10],
    ];
    const state = async () => {
      const { engrams, connections } = await runtime.view({ view: "export" });
      return [engrams, connections, (await runtime.view({ view: "contexts" })).contexts.length];
    };
    const before = await state();
    assert.equal(await call(["transaction_begin"], ...work, ["transaction_rollback"]), 0);
    assert.deepEqual(await state(), before);
    assert.equal(await call(["transaction_begin"], ...work, ["transaction_commit"]), 0);
    const { engrams, connections } = await runtime.view({ view: "export" });
    assert.deepEqual([engrams.map(({ content }) => content).sort(), connections.length], [
      ["changed", "new"],
      1,
    ]);
    assert.equal(
      (await runtime.view({ view: "contexts" })).contexts.some(({ name }) => name === "plans"),
      true,
    );
    assert.equal(await call(["transaction_commit"]), -7);
    assert.equal(await call(["transaction_rollback"]), -7);
    assert.equal(await call(["transaction_begin"], ["transaction_commit"], ["transaction_commit"]), -7);
    assert.equal(await call(["transaction_begin"], ["transaction_rollback"], ["transaction_commit"]), -7);
  }));

// proves: engram-4.3-initialize
Deno.test("initialize runs once, at the load", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    const call = callsOf(runtime, "a");
    assert.deepEqual([await call(["started"]), await call(["started"])], [1, 1]);
    const { entries } = await runtime.view({ view: "log", from: 0 });
    const ran = entries.flatMap(({ steps }) => steps).filter(({ entry }) => entry === "initialize");
    assert.equal(ran.length, 1);
  }));

// proves: engram-4.3-release, rfc-3.1-terminate
Deno.test("release runs once, at the unload, and the agent is gone", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    await callsOf(runtime, "a")(["started"]);
    await runtime.submit({ kind: "agent_unload", agent: "a" });
    const { entries } = await runtime.view({ view: "log", from: 0 });
    const ran = entries.flatMap(({ steps }) => steps).filter(({ entry }) => entry === "release");
    assert.deepEqual(ran.map(({ agent, outcome }) => [agent, outcome]), [["a", "completed"]]);
    assert.deepEqual((await runtime.view({ view: "agents" })).agents, []);
    assert.equal(await codeOf(callsOf(runtime, "a")(["started"])), "agent_not_found");
  }));

// proves: engram-4.1-host_state_context, engram-6.3-current_context
Deno.test("a workflow's steps run in its context, and afterwards the agent is in its own", () =>
  withRuntime(async (runtime) => {
    await loadCaller(runtime, "a");
    await runtime.submit({ kind: "context_create", name: "work", agents: ["a"] });
    const { contexts } = await runtime.view({ view: "contexts" });
    const work = contexts.find(({ name }) => name === "work")?.id;
    const action = actionOf(["context_current"]);
    const steps = [{ id: "s", agent: "a", action, params: {}, dependencies: [] }];
    const workflow = { id: "w", name: "W", steps };
    const receipt = await runtime.submit({ kind: "workflow", context: "work", workflow });
    assert.deepEqual((receipt as unknown as Json)["steps"]?.["s"]?.["result"], { id: work, name: "work" });
    const own = await callsOf(runtime, "a")(["context_current"]) as Json;
    assert.notEqual(own["id"], work);
    assert.deepEqual(await callsOf(runtime, "a", "work")(["context_current"]), { id: work, name: "work" });
  }));

// proves: engram-2-isolation, engram-3.2-resource_isolation, engram-9.1-memory, readme-2-isolation
// proves: rfc-3.2-linear_memory, rfc-4.1-isolated_memory, deploy-4-agent_contexts
// proves: mentat-step6-clear, engram-3.1-one_module_an_agent
// proves: rfc-2.5-safety
Deno.test("agents of one module have memory, contexts, capabilities and figures each of their own", () =>
  withRuntime(async (runtime) => {
    for (const agent of ["a", "b"]) await loadTestAgent(runtime, agent);
    await loadCaller(runtime, "c", [{ capability: "send", scope: ["a"] }]);
    await loadCaller(runtime, "d");
    for (let i = 0; i < 3; i++) await run(runtime, "count", "{}", "a");
    assert.deepEqual([await run(runtime, "count", "{}", "b"), await run(runtime, "count", "{}", "a")], [
      1,
      4,
    ]);
    await run(runtime, "big", "{}", "a");
    assert.equal(await codeOf(run(runtime, "trap", "{}", "a")), "agent_trapped");
    assert.equal(await run(runtime, "count", "{}", "b"), 2);
    const secret = String(await run(runtime, "write", '"secret"', "a"));
    assert.equal(await run(runtime, "Get", JSON.stringify(secret), "b"), -1);
    const send = (agent: string) => callsOf(runtime, agent)(["send_message", "a", "hi"]);
    assert.deepEqual([await send("c"), await send("d")], [0, -3]);
    await runtime.idle();
    const metrics = async (agent: string) => {
      const { functionCalls, memoryBytes } = await runtime.view({ view: "metrics", agent });
      return [functionCalls, memoryBytes];
    };
    const [calls, bytes] = await metrics("b");
    const [callsOfA = 0, bytesOfA = 0] = await metrics("a");
    assert.deepEqual([bytes, callsOfA - (calls ?? 0) > 2, bytesOfA > 4 * 65_536], [4 * 65_536, true, true]);
  }));
