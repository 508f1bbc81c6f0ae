/** What a port does, on every way to a runtime: in this thread, in the engine worker, behind a host's API. */
import assert from "node:assert/strict";
import { EngramError } from "../../src/kernel/mod.ts";
import type { Port } from "../../src/runtime/port.ts";
import type { Request } from "../../src/runtime/requests.ts";
import { testAgentBase64 } from "../support/agents.ts";
import { portKinds } from "../support/ports.ts";
import { codeOf } from "../support/runtimes.ts";

const add = (content: string, more: Record<string, unknown> = {}): Request => ({
  kind: "write",
  ops: [{ op: "add", content, ...more }],
});
const load = (agent: string): Request => ({ kind: "agent_load", agent, wasm: testAgentBase64 });
const execute = (agent: string, action: string, params: string): Request => ({
  kind: "execute",
  agent,
  action,
  params,
});

async function idOf(port: Port, request: Request): Promise<string> {
  const { results } = await port.submit(request);
  assert(Array.isArray(results));
  const id: unknown = results[0].id;
  assert(typeof id === "string");
  return id;
}

async function refusalOf(promise: Promise<unknown>): Promise<EngramError> {
  const error = await promise.then(() => null, (error: unknown) => error);
  assert(error instanceof EngramError, `a refusal, not ${error}`);
  return error;
}

const behaviours: Readonly<Record<string, (port: Port) => Promise<void>>> = {
  "a memory is read as soon as its receipt is there": async (port) => {
    for (let index = 0; index < 20; index++) {
      const id = await idOf(port, add(`memory ${index}`));
      assert.equal((await port.view({ view: "engram", id })).content, `memory ${index}`);
    }
  },
  "a search finds what was just written": async (port) => {
    const id = await idOf(port, add("The heron stands by the water"));
    const { hits } = await port.view({ view: "search", text: "heron" });
    assert.deepEqual(hits.map((hit) => hit.id), [id]);
  },
  "the log's last entry is the one just written": async (port) => {
    const { tick } = await port.submit(add("one"));
    const { entries } = await port.view({ view: "log", from: tick });
    const { stateHash } = await port.view({ view: "status" });
    assert.deepEqual(entries.map((entry) => [entry.tick, entry.hash]), [[tick, stateHash]]);
  },
  "a read at a tick sees what was known then": async (port) => {
    const id = await idOf(port, add("before"));
    const { tick } = await port.view({ view: "status" });
    await port.submit({ kind: "write", ops: [{ op: "update", id, content: "after" }] });
    const texts = [
      await port.view({ view: "engram", id, at: tick }),
      await port.view({ view: "engram", id }),
    ];
    assert.deepEqual(texts.map((engram) => engram.content), ["before", "after"]);
  },
  "an unknown memory is refused as engram_not_found": async (port) => {
    assert.equal(await codeOf(port.view({ view: "engram", id: "e9zzz" })), "engram_not_found");
  },
  "a confidence outside 0..1 is refused and changes nothing": async (port) => {
    const before = await port.view({ view: "status" });
    assert.equal(await codeOf(port.submit(add("sure", { confidence: 2 }))), "invalid_confidence");
    assert.equal((await port.view({ view: "status" })).stateHash, before.stateHash);
  },
  "the same command id again is the same command": async (port) => {
    const before = (await port.view({ view: "status" })).engrams;
    const first = await port.submit(add("once"), { commandId: "c-1" });
    const second = await port.submit(add("once"), { commandId: "c-1" });
    const { engrams } = await port.view({ view: "status" });
    assert.deepEqual([second, engrams], [first, before + 1]);
  },
  "a command id with another command is refused as command_id_reused and changes nothing": async (port) => {
    await port.submit(add("once"), { commandId: "c-3" });
    const before = await port.view({ view: "status" });
    assert.equal(await codeOf(port.submit(add("else"), { commandId: "c-3" })), "command_id_reused");
    const [first, other] = await Promise.allSettled([
      port.submit(add("one"), { commandId: "c-4" }),
      port.submit(add("two"), { commandId: "c-4" }),
    ]);
    assert.deepEqual([first.status, other.status], ["fulfilled", "rejected"]);
    assert.equal((await port.view({ view: "status" })).engrams, before.engrams + 1);
  },
  "the same command id twice at once is the same command": async (port) => {
    const before = (await port.view({ view: "status" })).engrams;
    const [first, second] = await Promise.all(
      [1, 2].map(() => port.submit(add("once"), { commandId: "c-2" })),
    );
    const { engrams } = await port.view({ view: "status" });
    assert.deepEqual([second, engrams], [first, before + 1]);
  },
  "fifty commands at once get a receipt each": async (port) => {
    const ids = await Promise.all(
      Array.from({ length: 50 }, (_, index) => idOf(port, add(`memory ${index}`))),
    );
    assert.equal(new Set(ids).size, 50);
  },
  "an agent's answer comes with its tick and fuel": async (port) => {
    await port.submit(load("counter"));
    const { result, tick, fuel } = await port.submit(execute("counter", "count", "{}"));
    assert.deepEqual([result, typeof tick, typeof fuel], [1, "number", "number"]);
  },
  "agents and metrics tell what an agent just did": async (port) => {
    await port.submit(load("measured"));
    const calls = async () => (await port.view({ view: "metrics", agent: "measured" })).functionCalls;
    const before = await calls();
    await port.submit(execute("measured", "count", "{}"));
    const { agents } = await port.view({ view: "agents" });
    assert.deepEqual([await calls(), agents.find(({ id }) => id === "measured")?.functionCalls], [
      before + 1,
      before + 1,
    ]);
  },
  "a trap is refused as agent_trapped, with tick, fuel and backtrace": async (port) => {
    await port.submit(load("trapper"));
    const { code, data } = await refusalOf(port.submit(execute("trapper", "trap", '"x"')));
    assert.deepEqual([code, Object.keys(data).sort()], [
      "agent_trapped",
      ["backtrace", "fuel", "outcome", "said", "tick"],
    ]);
  },
  "params that are not JSON are refused as invalid_json": async (port) => {
    await port.submit(load("strict"));
    assert.equal(await codeOf(port.submit(execute("strict", "count", "{"))), "invalid_json");
  },
  "why --check runs a step again and finds it identical": async (port) => {
    await port.submit(load("writer"));
    const { result } = await port.submit(execute("writer", "write", '"seen"'));
    assert(typeof result === "string");
    const { check } = await port.view({ view: "why", id: result, check: true });
    assert.equal(check?.identical, true);
  },
  "events come in order from a tick on, past and present": async (port) => {
    const abort = new AbortController();
    const { tick } = await port.submit(add("past"));
    const ticks: number[] = [];
    for await (const { entry } of port.events(tick, abort.signal)) {
      ticks.push(entry.tick);
      if (ticks.length === 1) await port.submit(add("present"));
      if (ticks.length === 2) abort.abort();
    }
    assert.deepEqual(ticks, [tick, tick + 1]);
  },
  "events end when their signal aborts with nothing to come": async (port) => {
    const abort = new AbortController();
    const { tick } = await port.view({ view: "status" });
    const events = port.events(tick + 1, abort.signal)[Symbol.asyncIterator]();
    const next = events.next();
    abort.abort();
    assert.equal((await next).done, true);
  },
  "idle() resolves when an agent's mail is read": async (port) => {
    // The agent's id is a JSON text, so that it can be given as params.
    const manifest = {
      manifest: 1,
      id: "7",
      version: "1.0.0",
      abi: "engram@1",
      capabilities: [{ name: "send", scope: "7", reason: "To write to itself" }],
    };
    await port.submit({ kind: "agent_load", agent: "7", wasm: testAgentBase64, manifest });
    assert.equal((await port.submit(execute("7", "mail", "7"))).result, 0);
    await port.idle();
    const { entries } = await port.view({ view: "log", limit: 1 });
    assert.deepEqual(entries[0]?.steps.map(({ agent, entry }) => [agent, entry]), [["7", "receive"]]);
  },
};

for (const [kind, withPort] of Object.entries(portKinds)) {
  Deno.test(kind, (test) =>
    withPort(async (port) => {
      for (const [behaviour, check] of Object.entries(behaviours)) {
        await test.step(behaviour, () => check(port));
      }
    }));
}

// proves: readme-1-identical, deploy-production-both, readme-2-state_evolution
Deno.test("the same commands under one seed give the same state hash on every way to a runtime", async () => {
  const hashes: string[] = [];
  for (const withPort of Object.values(portKinds)) {
    await withPort(async (port) => {
      const client = "test";
      await port.submit(load("tester"), { client });
      await port.submit(execute("tester", "count", "{}"), { client });
      await port.submit(add("the same"), { client });
      hashes.push((await port.view({ view: "status" })).stateHash);
    });
  }
  assert.equal(new Set(hashes).size, 1, hashes.join(" "));
});
