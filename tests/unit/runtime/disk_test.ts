/** The runtime on a disk that is full. */
import assert from "node:assert/strict";
import { MemoryDisk } from "../../../src/log/mod.ts";
import { openRuntime, replay, type Runtime } from "../../../src/mod.ts";
import { codeOf, loadTestAgent, run, temporaryFolder } from "../../support/runtimes.ts";

const open = (data: string, disk: MemoryDisk): Promise<Runtime> =>
  openRuntime({ data, seed: 1, workers: 1, simulated: { disk } });

Deno.test("a new folder on a full disk is refused, and can be opened when there is room", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  disk.faults.spaceBytes = 10;
  assert.equal(await codeOf(open(folder.path, disk)), "disk_full");
  delete disk.faults.spaceBytes;
  const runtime = await open(folder.path, disk);
  await runtime.submit({ kind: "write", ops: [{ op: "add", content: "one" }] });
  await runtime.close();
  assert.equal((await replay({ data: folder.path, disk })).ok, true);
});

Deno.test("a step whose image finds no room on the disk is refused, and counts for nothing", async () => {
  using folder = temporaryFolder();
  const disk = new MemoryDisk();
  const runtime = await open(folder.path, disk);
  await loadTestAgent(runtime);
  for (let count = 1; count < 63; count++) await run(runtime, "count", "{}");
  disk.faults.spaceBytes = 0;
  assert.equal(await codeOf(run(runtime, "count", "{}")), "disk_full");
  delete disk.faults.spaceBytes;
  assert.equal(await run(runtime, "count", "{}"), 63);
  await runtime.close();
});
