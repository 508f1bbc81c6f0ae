import assert from "node:assert/strict";
import { emptyState, type Entry, entryFormat, type Write } from "../../../src/kernel/mod.ts";
import { behaviour } from "../../../src/runtime/entries.ts";
import { Machine, type MachineParts } from "../../../src/runtime/machine.ts";
import { context, e, entry, graphOf, join, put, x } from "../graph/support.ts";

Deno.test("a machine knows the contexts there are, whichever of them the entries before have changed", () => {
  const graph = graphOf([context(x(0), "first")]);
  const state = emptyState();
  state.tick = 0;
  let reads = 0;
  const counted = new Proxy(graph, {
    get: (target, name) => {
      if (name === "contexts") reads++;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const machine = new Machine(state, { graph: counted } as unknown as MachineParts);
  const many = Array.from({ length: 70 }, (_, n) => context(x(100 + n), `one of many ${n}`));
  const rounds: (readonly Write[])[] = [
    [context(x(5), "fifth"), context(x(2), "second", "scout")],
    [{ op: "context_agent_put", context: x(0), agent: "scout", access: "read" }],
    [put(e(1), "Heron"), join(x(2), e(1))],
    [context(x(2), "second, renamed"), {
      op: "context_agent_put",
      context: x(9),
      agent: "scout",
      access: "read",
    }],
    many,
    [context(x(5), "fifth"), { op: "context_agent_put", context: x(5), agent: "scout", access: "write" }],
  ];
  // What is in a context, and since when it is as it is, nobody asks of this list.
  const told = (list: ReturnType<Machine["contexts"]>) =>
    list.map(({ engrams: _, updatedTick: __, ...one }) => one);
  assert.deepEqual(told(machine.contexts()), told(graph.contexts()));
  for (const [at, writes] of rounds.entries()) {
    const next = entry(graph, writes);
    graph.commit(next);
    state.tick = next.tick;
    machine.keepContexts(logged(next.tick, writes));
    if (at % 2 === 0 || at > 3) assert.deepEqual(told(machine.contexts()), told(graph.contexts()));
  }
  assert.equal(reads, 2, "all are read at first, and where many have changed");
  state.tick++;
  assert.deepEqual(told(machine.contexts()), told(graph.contexts()));
  assert.equal(reads, 3, "and where an entry was not told");
  graph.close();
});

function logged(tick: number, writes: readonly Write[]): Entry {
  const step = { writes } as unknown as Entry["steps"][number];
  return {
    format: entryFormat,
    behaviour,
    tick,
    time: 0,
    seatBase: 0,
    genesis: null,
    commands: [],
    steps: [step],
  };
}
