import assert from "node:assert/strict";
import type { Runtime } from "../../../src/mod.ts";
import { withRuntime } from "../../support/runtimes.ts";

/** Six turns of one thread and one of another, given in another order than theirs; their ids by content. */
async function chat(runtime: Runtime): Promise<Map<string, string>> {
  const turns = [4, 2, 6, 1, 3, 5].map((position) => ({
    content: `turn ${position}`,
    thread: "a",
    position,
  }));
  const { results } = await runtime.submit({
    kind: "write",
    ops: [...turns, { content: "elsewhere", thread: "b", position: 3 }, { content: "alone" }].map((one) => ({
      op: "add" as const,
      source: "chat",
      ...one,
    })),
  });
  const ids = (results as readonly { id: string }[]).map(({ id }) => id);
  return new Map(
    [...turns.map(({ content }) => content), "elsewhere", "alone"].map((what, at) => [what, ids[at] ?? ""]),
  );
}

async function beside(runtime: Runtime, id: string, more: { type?: string; at?: number } = {}) {
  const { thread } = await runtime.view({ view: "neighbors", id, ...more });
  return thread.map(({ engram, offset }) => [offset, engram.content]);
}

Deno.test("the neighbours of a turn are those before and after it in its thread, in order", () =>
  withRuntime(async (runtime) => {
    const ids = await chat(runtime), of = (what: string) => beside(runtime, ids.get(what) ?? "");
    assert.deepEqual(await of("turn 3"), [[-2, "turn 1"], [-1, "turn 2"], [1, "turn 4"], [2, "turn 5"]]);
    assert.deepEqual(await of("turn 1"), [[1, "turn 2"], [2, "turn 3"]]);
    assert.deepEqual(await of("turn 6"), [[-2, "turn 4"], [-1, "turn 5"]]);
    assert.deepEqual(await of("elsewhere"), []);
    assert.deepEqual(await of("alone"), []);
  }));

Deno.test("neighbours by a type of link are no turns, and those of an earlier tick are as they were", () =>
  withRuntime(async (runtime) => {
    const ids = await chat(runtime), id = ids.get("turn 1") ?? "";
    const { tick } = runtime.status();
    await runtime.submit({ kind: "write", ops: [{ op: "delete", id: ids.get("turn 2") ?? "" }] });
    assert.deepEqual(await beside(runtime, id), [[1, "turn 3"], [2, "turn 4"]]);
    assert.deepEqual(await beside(runtime, id, { at: tick }), [[1, "turn 2"], [2, "turn 3"]]);
    assert.deepEqual(await beside(runtime, id, { type: "mentions" }), []);
  }));
