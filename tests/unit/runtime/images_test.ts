import assert from "node:assert/strict";
import { openRuntime, replay } from "../../../src/mod.ts";
import { loadTestAgent, run, temporaryFolder, withRuntime } from "../../support/runtimes.ts";
import { isImage } from "../../../src/sandbox/mod.ts";
import { wat } from "../../support/wat.ts";

/** Sends "hi" to params and counts in memory how often that was done; `total` answers the count. */
const sender = wat(`(module
  (import "engram" "send_message" (func $send (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "hi")
  (global $heap (mut i32) (i32.const 2048))
  (func (export "initialize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "release"))
  (func (export "engram_alloc") (param $size i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (local.get $size)))
    (i32.sub (global.get $heap) (local.get $size)))
  (func (export "engram_free") (param i32 i32))
  (func (export "execute") (param $a i32) (param i32) (param $p i32) (param $n i32) (result i32)
    (if (i32.ne (i32.load8_u (local.get $a)) (i32.const 116)) (then
      (if (i32.eqz (call $send (i32.add (local.get $p) (i32.const 1)) (i32.sub (local.get $n) (i32.const 2))
          (i32.const 16) (i32.const 2)))
        (then (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))))))
    (i32.store (i32.const 64) (i32.const 1))
    (i32.store8 (i32.const 68) (i32.add (i32.const 48) (i32.load (i32.const 32))))
    (i32.const 64))
  (func (export "query") (param i32 i32) (result i32) (i32.const 0)))`);

for (
  const [bound, changes] of [
    ["messages", { mailboxMessagesMax: 1 }],
    ["bytes", { mailboxBytesMax: 3 }],
    ["messages of all mailboxes", { mailMessagesMax: 1 }],
    ["bytes of all mailboxes", { mailBytesMax: 1 }],
  ] as const
) {
  Deno.test(`an image built again knows how full a mailbox was at each step, in ${bound}`, async () => {
    using folder = temporaryFolder();
    const options = { data: folder.path, seed: 1, workers: 1 };
    const first = await openRuntime(options);
    await loadTestAgent(first, "reader");
    const manifest = {
      manifest: 1,
      id: "sender",
      version: "1.0.0",
      abi: "engram@1",
      actions: [{ name: "send" }, { name: "total" }],
      capabilities: [{ name: "send", scope: "reader", reason: "to fill its mailbox" }],
    };
    await first.submit({ kind: "agent_load", agent: "sender", wasm: sender.toBase64(), manifest });
    await first.submit({ kind: "configure", changes });
    const sends = Array.from({ length: 4 }, () => run(first, "send", '"reader"', "sender"));
    const told = await Promise.all(sends);
    assert.deepEqual(told, [1, 1, 2, 2]);
    await first.close();
    for (const name of Deno.readDirSync(folder.path)) {
      if (name.name.startsWith("graph.db")) Deno.removeSync(`${folder.path}/${name.name}`);
    }
    const second = await openRuntime(options);
    assert.equal(await run(second, "total", "{}", "sender"), 2);
    await second.close();
    assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
  });
}

Deno.test("a step is run again under the limits that `configure` had set just before it", () =>
  withRuntime(async (runtime) => {
    await runtime.submit({ kind: "configure", changes: { contentBytesMax: 5 } });
    await loadTestAgent(runtime);
    await runtime.submit({ kind: "configure", changes: { contentBytesMax: 1000 } });
    const id = String(await run(runtime, "write", `"more than five bytes"`));
    const told = await runtime.view({ view: "why", id, check: true });
    assert.deepEqual([told.check?.identical, told.check?.what], [true, null]);
  }));

Deno.test("an image is found behind an erasure whose own image a later erasure removed", async () => {
  using folder = temporaryFolder();
  const options = { data: folder.path, seed: 1, workers: 1 };
  const first = await openRuntime(options);
  await loadTestAgent(first);
  await first.submit({ kind: "configure", changes: { imageStepsMax: 4 } });
  const add = (content: string) => ({ op: "add", content } as const);
  const ops = [add("the first secret of this folder"), add("the second secret of this folder")];
  const { results } = await first.submit({ kind: "write", ops });
  for (const { id } of results as { id: string }[]) {
    await run(first, "count", "{}");
    await first.submit({ kind: "erase", ids: [id] });
  }
  const durable = new Set([...Deno.readDirSync(`${folder.path}/blobs`)].map(({ name }) => name));
  for (let at = 0; at < 8; at++) await run(first, "count", "{}");
  await first.close();
  // A power loss takes the images that nothing waited for, and the graph.
  const taken = [...Deno.readDirSync(`${folder.path}/blobs`)].filter(({ name }) => !durable.has(name));
  assert.ok(taken.length > 0);
  for (const { name } of taken) Deno.removeSync(`${folder.path}/blobs/${name}`);
  for (const { name } of Deno.readDirSync(folder.path)) {
    if (name.startsWith("graph.db")) Deno.removeSync(`${folder.path}/${name}`);
  }
  const second = await openRuntime(options);
  assert.equal(await run(second, "count", "{}"), 11);
  await second.close();
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

/** Removes every n-th image of a folder. */
function removeImages(path: string, nth: number): void {
  const images = [...Deno.readDirSync(`${path}/blobs`)].map(({ name }) => `${path}/blobs/${name}`)
    .filter((blob) => isImage(Deno.readFileSync(blob))).sort();
  assert.ok(images.length > 2);
  images.filter((_, at) => at % nth === 0).forEach((blob) => Deno.removeSync(blob));
}

for (
  const [which, nth] of [["", 0], [", some behind images that are gone", 2], [
    ", none of which is left",
    1,
  ]] as const
) {
  Deno.test(`images of agents that a tick needs together are made again together, each its own${which}`, async () => {
    using folder = temporaryFolder();
    const options = { data: folder.path, seed: 1, workers: 1 };
    const names = ["a", "b", "c", "d"];
    const first = await openRuntime(options);
    await first.submit({ kind: "configure", changes: { imageStepsMax: 3 } });
    for (const name of names) await loadTestAgent(first, name);
    // Each has another count, and its last image at another step.
    for (let round = 1; round <= 7; round++) {
      await Promise.all(names.filter((_, at) => round > at).map((name) => run(first, "count", "{}", name)));
    }
    await first.submit({ kind: "agent_unload", agent: "d" });
    await loadTestAgent(first, "d");
    await run(first, "count", "{}", "d");
    const { tick } = first.status();
    await first.close();
    for (const { name } of Deno.readDirSync(folder.path)) {
      if (name.startsWith("graph.db")) Deno.removeSync(`${folder.path}/${name}`);
    }
    if (nth > 0) removeImages(folder.path, nth);
    const second = await openRuntime(options);
    const counts = await Promise.all(names.map((name) => run(second, "count", "{}", name)));
    assert.deepEqual(counts, [8, 7, 6, 2]);
    assert.equal(second.status().tick, tick + 1, "they ran in one tick");
    await second.close();
    assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
  });
}
