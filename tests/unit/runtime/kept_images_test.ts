import assert from "node:assert/strict";
import { imageDisk } from "../../../bench/image_disk.ts";
import { openGraph } from "../../../src/graph/mod.ts";
import { type Disk, MemoryDisk, openBlobs, realDisk } from "../../../src/log/mod.ts";
import { openRuntime, replay, type Runtime } from "../../../src/mod.ts";
import { keptImageLimits, stays } from "../../../src/runtime/agents/kept_images.ts";
import { pack } from "../../../src/runtime/rows.ts";
import { isImage } from "../../../src/sandbox/mod.ts";
import { codeOf, loadTestAgent, run, temporaryFolder } from "../../support/runtimes.ts";

/** Opens a folder whose agents' images are named at every second step. */
async function open(data: string): Promise<Runtime> {
  const runtime = await openRuntime({ data, seed: 1, workers: 1 });
  if (runtime.status().agents > 0) return runtime;
  await runtime.submit({ kind: "configure", changes: { imageStepsMax: 2 } });
  await loadTestAgent(runtime);
  return runtime;
}

function rest(runtime: Runtime): void {
  while (runtime.maintain());
}

async function count(runtime: Runtime, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await run(runtime, "count", "{}");
}

const pathOf = (data: string, sha: string) => `${data}/blobs/${sha}`;

function images(data: string): string[] {
  const blobs = openBlobs(realDisk(data));
  return blobs.hashes().filter((sha) => isImage(blobs.head(sha, 4)));
}

function removeGraph(data: string): void {
  for (const { name } of [...Deno.readDirSync(data)]) {
    if (name.startsWith("graph.db")) Deno.removeSync(`${data}/${name}`);
  }
}

const kept = (named: number) =>
  Array.from({ length: named }, (_, at) => at + 1).filter((nth) => stays(nth, named));

Deno.test("stays() keeps the newest two, fewer the older they are, and never one that went before", () => {
  assert.deepEqual(kept(20), [8, 16, 18, 19, 20]);
  for (let named = 1; named < 600; named++) {
    const now = kept(named), next = new Set(kept(named + 1));
    assert.ok(now.length <= Math.log2(named) + 2, `${now.length} of ${named}`);
    assert.ok([...next].every((nth) => nth === named + 1 || now.includes(nth)));
    for (let nth = 1; nth < named; nth++) {
      const before = now.findLast((one) => one <= nth) ?? 0;
      assert.ok(nth - before <= 2 * (named - nth), `of ${named}, ${nth} goes on from ${before}`);
    }
  }
});

Deno.test("an idle moment leaves few of many images, and every step can be run again", async () => {
  using folder = temporaryFolder();
  const runtime = await open(folder.path);
  const ids: string[] = [];
  for (let n = 0; n < 20; n++) {
    await count(runtime, 1);
    ids.push(String(await run(runtime, "write", `"thought ${n}"`)));
  }
  const before = images(folder.path).length;
  const { stateHash } = runtime.status();
  rest(runtime);
  assert.deepEqual([before >= 20, images(folder.path).length], [true, kept(20).length]);
  for (const id of ids) {
    const { check } = await runtime.view({ view: "why", id, check: true });
    assert.deepEqual([check?.identical, check?.what], [true, null]);
  }
  assert.deepEqual(
    [(await runtime.view({ view: "verify_log" })).ok, runtime.status().stateHash],
    [true, stateHash],
  );
  await runtime.close();
  removeGraph(folder.path);
  const again = await open(folder.path);
  assert.equal(await run(again, "count", "{}"), 21);
  await again.close();
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

Deno.test("what stays is the same after a kill, without what was remembered, and however often it is looked at", async () => {
  using folder = temporaryFolder();
  const first = await open(folder.path);
  await count(first, 30);
  rest(first);
  await count(first, 9);
  await first.close();
  const left = images(folder.path);
  removeGraph(folder.path);
  // A crash after the entry's images were stored and before it was logged.
  const orphan = openBlobs(realDisk(folder.path)).put(Uint8Array.from([0x45, 0x4c, 0x49, 0x4d, 1, 9]));
  const module = openBlobs(realDisk(folder.path)).put(Uint8Array.of(0, 0x61, 0x73, 0x6d, 7));
  const second = await open(folder.path);
  rest(second);
  rest(second);
  assert.deepEqual(images(folder.path), left);
  const { hashes } = openBlobs(realDisk(folder.path));
  assert.deepEqual([hashes().includes(orphan), hashes().includes(module)], [false, true]);
  await second.close();
});

Deno.test("bytes that are an image of two agents stay while one of them needs them", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  await runtime.submit({ kind: "configure", changes: { imageStepsMax: 1 } });
  await Promise.all(["one", "two"].map((agent) => loadTestAgent(runtime, agent)));
  await run(runtime, "count", "{}", "one");
  await run(runtime, "count", "{}", "two");
  const shared = images(folder.path);
  for (let n = 0; n < 12; n++) await run(runtime, "count", "{}", "one");
  rest(runtime);
  const left = images(folder.path);
  assert.ok(left.length < 10);
  await runtime.close();
  removeGraph(folder.path);
  const again = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  assert.equal(await run(again, "count", "{}", "two"), 2);
  await again.close();
  assert.ok(shared.some((sha) => left.includes(sha)));
});

Deno.test("a hot agent's images take a place that is bounded", async () => {
  const { named, namedBytes, left, leftBytes } = await imageDisk({ steps: 1000, pages: 2 });
  assert.ok(left > 0 && left <= Math.log2(named) + 2 && leftBytes < namedBytes / 2, `${left} of ${named}`);
});

Deno.test("images that cannot be removed stop nothing, and go after the next opening", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  const remove = disk.remove.bind(disk);
  let isRefusing = false;
  const refusing: Disk = Object.assign(disk, {
    remove(path: string) {
      if (isRefusing && path.startsWith("blobs/")) throw Object.assign(new Error("no"), { code: "EACCES" });
      remove(path);
    },
  });
  const start = () => openRuntime({ data: folder.path, seed: 1, workers: 1, simulated: { disk: refusing } });
  const first = await start();
  await first.submit({ kind: "configure", changes: { imageStepsMax: 1 } });
  await loadTestAgent(first);
  isRefusing = true;
  await count(first, 30);
  rest(first);
  await count(first, 1);
  await first.close();
  const all = disk.list("blobs").length;
  isRefusing = false;
  const second = await start();
  rest(second);
  await second.close();
  assert.deepEqual([all >= 32, disk.list("blobs").length], [true, kept(32).length + 1]);
});

Deno.test("a host that is never idle removes images too", async () => {
  using folder = temporaryFolder();
  const runtime = await openRuntime({ data: folder.path, seed: 1, workers: 1 });
  await runtime.submit({ kind: "configure", changes: { imageStepsMax: 1 } });
  await loadTestAgent(runtime);
  for (let n = 0; n < keptImageLimits.namedMax / 8; n++) {
    await Promise.all(Array.from({ length: 9 }, () => run(runtime, "count", "{}")));
  }
  for (let n = 0; n < 10; n++) await run(runtime, "count", "{}");
  assert.ok(images(folder.path).length < keptImageLimits.namedMax / 2);
  assert.equal(runtime.status().functionCalls, 9 * keptImageLimits.namedMax / 8 + 11);
  await runtime.close();
});

Deno.test("an image that an erasure stored stays; one that is lost is found, by log verify and by a replay", async () => {
  using folder = temporaryFolder();
  const runtime = await open(folder.path);
  const { results } = await runtime.submit({
    kind: "write",
    ops: [{ op: "add", content: "the only secret of this folder" }],
  });
  await count(runtime, 4);
  const before = new Set(images(folder.path));
  await runtime.submit({ kind: "erase", ids: (results as { id: string }[]).map(({ id }) => id) });
  const [stored = ""] = images(folder.path).filter((sha) => !before.has(sha));
  await count(runtime, 40);
  rest(runtime);
  assert.ok(images(folder.path).includes(stored));
  assert.equal((await runtime.view({ view: "verify_log" })).ok, true);
  Deno.renameSync(pathOf(folder.path, stored), `${folder.path}/aside`);
  const { ok, first } = await runtime.view({ view: "verify_log" });
  assert.deepEqual([ok, first?.segment, first?.what], [
    false,
    `blobs/${stored}`,
    `the memory of agent "tester" is missing`,
  ]);
  await runtime.close();
  assert.equal(await codeOf(replay({ data: folder.path, workers: 1 })), "blob_missing");
  Deno.renameSync(`${folder.path}/aside`, pathOf(folder.path, stored));
  assert.equal((await replay({ data: folder.path, workers: 1 })).ok, true);
});

Deno.test("what is remembered of a longer log is not believed", async () => {
  using folder = temporaryFolder();
  const first = await open(folder.path);
  await count(first, 40);
  rest(first);
  await first.close();
  const left = images(folder.path);
  const graph = openGraph({ path: `${folder.path}/graph.db` });
  const [life] = graph.rows("local/images/tester/");
  assert.ok(life !== undefined);
  const wrong = { named: 1000, kept: [] };
  graph.putRows([{ key: "local/images_seen", value: pack(1000) }, { key: life.key, value: pack(wrong) }]);
  graph.close();
  const second = await open(folder.path);
  rest(second);
  await second.close();
  assert.deepEqual(images(folder.path), left);
  const after = openGraph({ path: `${folder.path}/graph.db` });
  assert.deepEqual(after.rows("local/images/tester/"), [life]);
  after.close();
});
