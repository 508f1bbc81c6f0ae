import assert from "node:assert/strict";
import type { JsonObject } from "../../../src/kernel/mod.ts";
import type { LogView } from "../../../src/runtime/port.ts";
import { keepAwake, wakeClient, type WakeOptions } from "../../../src/runtime/agents/wake.ts";
import type { Runtime } from "../../../src/mod.ts";
import { testAgentBase64 } from "../../support/agents.ts";
import { withRuntime } from "../../support/runtimes.ts";

const manifest = (agent: string, subscription: JsonObject) => ({
  manifest: 1,
  id: agent,
  version: "1.0.0",
  capabilities: [
    { name: "read", scope: "*", reason: "to look" },
    { name: "write", scope: "*", reason: "to note" },
  ],
  subscriptions: [subscription],
});

/** Loads the test agent under a name: its action "count" writes nothing, "write" adds a note. */
const load = (runtime: Runtime, agent: string, subscription: JsonObject) =>
  runtime.submit({
    kind: "agent_load",
    agent,
    wasm: testAgentBase64,
    manifest: manifest(agent, subscription),
  });

const add = (runtime: Runtime, content: string, context = "personal") =>
  runtime.submit({ kind: "write", ops: [{ op: "add", content, context }] });

/** Keeps agents awake while `work` runs. */
async function awake(runtime: Runtime, work: () => Promise<void>, options: Partial<WakeOptions> = {}) {
  const stop = new AbortController();
  const ended = keepAwake({ port: runtime, signal: stop.signal, quietMs: 10, ...options });
  try {
    await work();
  } finally {
    stop.abort();
    await ended;
  }
}

async function entriesOf(runtime: Runtime): Promise<readonly LogView[]> {
  return (await runtime.view({ view: "log", from: 0, limit: 1000 })).entries;
}

async function wakesOf(runtime: Runtime): Promise<(string | null)[]> {
  const entries = await entriesOf(runtime);
  return entries.flatMap(({ commands }) =>
    commands.filter(({ kind, client }) => kind === "execute" && client === wakeClient).map(({ agent }) =>
      agent
    )
  );
}

/** Waits until nothing was logged for a while that is long against the quiet time. */
async function settled(runtime: Runtime): Promise<void> {
  for (let tick = -1, equal = 0; equal < 6;) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    const now = (await runtime.view({ view: "status" })).tick;
    equal = now === tick ? equal + 1 : 0;
    tick = now;
  }
}

Deno.test("keepAwake() executes who subscribes once for changes that come together, and replay agrees", () =>
  withRuntime(async (runtime) => {
    await load(runtime, "watcher", { kind: "note", action: "count" });
    await load(runtime, "other", { kind: "digest", action: "count" });
    await awake(runtime, async () => {
      await Promise.all([add(runtime, "one"), add(runtime, "two"), add(runtime, "three")]);
      await settled(runtime);
    }, { quietMs: 60 });
    assert.deepEqual(await wakesOf(runtime), ["watcher"]);
  }));

Deno.test("keepAwake() does not wake an agent by what it did itself", () =>
  withRuntime(async (runtime) => {
    await load(runtime, "writer", { kind: "note", action: "write" });
    await awake(runtime, async () => {
      await add(runtime, "one");
      await settled(runtime);
    });
    assert.deepEqual(await wakesOf(runtime), ["writer"]);
  }));

Deno.test("keepAwake() ends a chain of agents that wake each other, says so, and goes on at the next change", () =>
  withRuntime(async (runtime) => {
    await load(runtime, "a", { kind: "note", action: "write" });
    await load(runtime, "b", { kind: "note", action: "write" });
    const told: string[] = [];
    await awake(runtime, async () => {
      await add(runtime, "one");
      await settled(runtime);
      const first = (await wakesOf(runtime)).length;
      assert.equal(first, 10, "five rounds of two");
      assert.match(told.join(), /a, b kept changing/);
      await add(runtime, "two");
      await settled(runtime);
      assert.equal((await wakesOf(runtime)).length, 20);
    }, { wakeRoundsMax: 5, onTrouble: (words) => told.push(words) });
  }));

Deno.test("keepAwake() finds at its start who was woken by nobody, and leaves who has looked", () =>
  withRuntime(async (runtime) => {
    await load(runtime, "watcher", { kind: "note", action: "count" });
    await add(runtime, "while no host ran");
    await awake(runtime, () => settled(runtime));
    assert.deepEqual(await wakesOf(runtime), ["watcher"]);
    await awake(runtime, () => settled(runtime));
    assert.deepEqual(await wakesOf(runtime), ["watcher"]);
  }));

Deno.test("keepAwake() wakes who subscribes to a context for changes in it alone", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "context_create", name: "work" });
    await load(runtime, "watcher", { kind: "note", context: "work", action: "count" });
    await add(runtime, "in work", "work");
    await awake(runtime, async () => {
      await settled(runtime);
      assert.deepEqual(await wakesOf(runtime), ["watcher"]);
      await add(runtime, "elsewhere");
      await settled(runtime);
      assert.deepEqual(await wakesOf(runtime), ["watcher"]);
      await add(runtime, "in work again", "work");
      await settled(runtime);
      assert.deepEqual(await wakesOf(runtime), ["watcher", "watcher"]);
    });
  }));

Deno.test("keepAwake() tells what an agent came to that failed, and does not try again until something changes", () =>
  withRuntime(async (runtime) => {
    await load(runtime, "faulty", { kind: "note", action: "trap" });
    const told: string[] = [];
    await awake(runtime, async () => {
      await add(runtime, "one");
      await settled(runtime);
    }, { onTrouble: (words) => told.push(words) });
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /"faulty" ended trapped/);
    assert.deepEqual(await wakesOf(runtime), ["faulty"]);
  }));

Deno.test("keepAwake() goes on at once with an agent that says it is not done", () =>
  withRuntime(async (runtime) => {
    await load(runtime, "paged", { kind: "note", action: "echo", params: { done: false } });
    const quietMs = 1000, patience = AbortSignal.timeout(quietMs * 9);
    await awake(runtime, async () => {
      await add(runtime, "one");
      while ((await wakesOf(runtime)).length < 10) {
        patience.throwIfAborted(); // ten waits for quiet take longer
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }, { quietMs });
  }));

Deno.test("keepAwake() wakes an agent that is loaded while it runs, where there is something to see", () =>
  withRuntime(async (runtime) => {
    await awake(runtime, async () => {
      await load(runtime, "early", { kind: "note", action: "count" });
      await settled(runtime);
      assert.deepEqual(await wakesOf(runtime), []);
      await add(runtime, "one");
      await settled(runtime);
      await load(runtime, "late", { kind: "note", action: "count" });
      await settled(runtime);
    });
    assert.deepEqual(await wakesOf(runtime), ["early", "late"]);
  }));
