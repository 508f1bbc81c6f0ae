/** Agents that a running host keeps awake: loaded by it, woken by changes, quiet when there is nothing to do. */
import assert from "node:assert/strict";
import { replay } from "../../src/mod.ts";
import type { Port } from "../../src/runtime/port.ts";
import { withHost } from "../support/ports.ts";
import { temporaryFolder } from "../support/runtimes.ts";

const remember = (port: Port, content: string, context: string, time: string) =>
  port.submit({ kind: "write", ops: [{ op: "add", content, context, time }] });

const tickOf = async (port: Port) => (await port.view({ view: "status" })).tick;

/** Waits until nothing was logged for a second; the last tick. */
async function quietTick(port: Port): Promise<number> {
  for (let tick = -1;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = await tickOf(port);
    if (now === tick) return tick;
    tick = now;
  }
}

async function madeIn(port: Port, context: string) {
  const { engrams, connections } = await port.view({ view: "export", limit: 1000, context });
  return {
    kinds: [...new Set(engrams.map(({ kind }) => kind))].sort(),
    types: [...new Set(connections.map(({ type }) => type))].sort(),
    engrams,
  };
}

Deno.test("a host wakes linker, curator and digest after changes, in every project, and they come to rest", async () => {
  using folder = temporaryFolder();
  const options = { folder: folder.path, agents: "bundled", quietMs: 100 } as const;
  await withHost(async ({ port }) => {
    await port.submit({ kind: "context_create", name: "boats" });
    await remember(port, "The launch of the Heron is on 3 May. Maria Lopez leads it.", "boats", "2026-03-01");
    await remember(port, "The launch of the Heron moved to 10 May, says Maria Lopez.", "boats", "2026-03-09");
    await quietTick(port);
    const boats = await madeIn(port, "boats");
    assert.deepEqual(boats.kinds, ["digest", "fact", "note", "thing"]);
    assert(boats.types.includes("supersedes") && boats.types.includes("mentions"), boats.types.join());
    // A project that comes later is seen too.
    await port.submit({ kind: "context_create", name: "garden" });
    await remember(port, "We decided to plant beans. Ask Maria Lopez for seeds.", "garden", "2026-03-10");
    const rest = await quietTick(port);
    assert((await madeIn(port, "garden")).kinds.includes("fact"));
    const after = await madeIn(port, "boats");
    assert.deepEqual(after.engrams.map(({ id }) => id), boats.engrams.map(({ id }) => id));
    assert.equal(await tickOf(port), rest);
  }, options);
  const report = await replay({ data: folder.path, workers: 2 });
  assert(report.ok, JSON.stringify(report.first));
  assert(report.steps > 8);
});

Deno.test("a host started again leaves loaded agents as they are, and one without agents wakes none", async () => {
  using folder = temporaryFolder();
  const options = { folder: folder.path, quietMs: 50 };
  let last = 0;
  await withHost(async ({ port }) => {
    await port.submit({
      kind: "write",
      ops: [{ op: "add", content: "Maria Lopez leads the Heron project." }],
    });
    last = await quietTick(port);
  }, { ...options, agents: "bundled" });
  await withHost(async ({ port }) => {
    const { agents } = await port.view({ view: "agents" });
    assert.deepEqual(agents.map(({ id }) => id).sort(), ["curator", "digest", "linker"]);
    last = await quietTick(port);
  }, { ...options, agents: "bundled" });
  await withHost(async ({ port }) => {
    assert.equal(await quietTick(port), last, "who has looked is not woken again");
  }, { ...options, agents: "loaded" });
  await withHost(async ({ port }) => {
    await port.submit({ kind: "write", ops: [{ op: "add", content: "Nobody is woken for this." }] });
    assert.equal(await quietTick(port), last + 1);
  }, options);
});
