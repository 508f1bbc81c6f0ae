import assert from "node:assert/strict";
import { openGraph } from "../../../src/graph/mod.ts";
import { Durations } from "../../../src/runtime/durations.ts";
import { loadTestAgent, run, withRuntime } from "../../support/runtimes.ts";

Deno.test("durations of agents that come and go add up in the total alone", () => {
  const graph = openGraph({ path: ":memory:" });
  const loaded = new Set<string>();
  const first = new Durations(graph, (agent) => loaded.has(agent));
  for (let n = 0; n < 100; n++) {
    first.add(`agent ${n}`, 1.5);
    first.forget(`agent ${n}`);
  }
  first.add("stays", 2);
  first.add("goes", 3);
  graph.putRows(first.rows());
  loaded.add("stays");
  const second = new Durations(graph, (agent) => loaded.has(agent));
  assert.deepEqual([second.total, second.of("stays"), second.of("goes"), second.of("agent 0")], [
    155,
    2,
    0,
    0,
  ]);
  assert.deepEqual(second.rows(), []);
  second.forget("stays");
  graph.putRows(second.rows());
  const [row] = graph.rows("local/durations");
  assert.equal(new TextDecoder().decode(row?.value), `{"total":155,"agents":{}}`);
  graph.close();
});

Deno.test("an agent loaded again begins with no time of its own, and the total goes on", () =>
  withRuntime(async (runtime) => {
    await loadTestAgent(runtime);
    for (let n = 0; n < 50; n++) await run(runtime, "count", "{}");
    const { executionMs } = await runtime.view({ view: "metrics", agent: "tester" });
    assert.ok(executionMs > 0);
    await runtime.submit({ kind: "agent_unload", agent: "tester" });
    const before = runtime.status().executionMs;
    await loadTestAgent(runtime);
    const after = await runtime.view({ view: "metrics", agent: "tester" });
    const loadMs = runtime.status().executionMs - before;
    assert.ok(before >= executionMs && Math.abs(after.executionMs - loadMs) < 0.01);
  }));
