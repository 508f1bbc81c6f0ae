/** Released behaviours: a folder written once by each must replay to the same hash for ever (scripts/golden.ts). */
import assert from "node:assert/strict";
import { MemoryDisk, openLog } from "../../src/log/mod.ts";
import { openRuntime, replay } from "../../src/mod.ts";
import { entriesFrom } from "../../src/runtime/entries.ts";
import { temporaryFolder } from "../support/runtimes.ts";

const goldens = new URL("goldens/", import.meta.url);

/** A golden's log and blobs, copied so that nothing can change them. */
function diskOf(golden: URL): MemoryDisk {
  const disk = new MemoryDisk();
  for (const part of ["log", "blobs"]) {
    for (const { name } of Deno.readDirSync(new URL(`${part}/`, golden))) {
      disk.put(`${part}/${name}`, Deno.readFileSync(new URL(`${part}/${name}`, golden)));
    }
  }
  return disk;
}

for (const version of ["v1"]) {
  const golden = new URL(`${version}/`, goldens);
  const expected: { ticks: number; stateHash: string } = JSON.parse(
    Deno.readTextFileSync(new URL("expected.json", golden)),
  );

  for (const workers of [1, 2]) {
    Deno.test(`golden ${version} replays to its hash with ${workers} workers`, async () => {
      const report = await replay({ data: "", disk: diskOf(golden), workers });
      assert.deepEqual([report.first, report.stateHash], [undefined, expected.stateHash]);
    });
  }

  Deno.test(`golden ${version} is rebuilt without running anything, and goes on`, async () => {
    using folder = temporaryFolder();
    const disk = diskOf(golden);
    const runtime = await openRuntime({ data: folder.path, simulated: { disk }, workers: 1 });
    assert.equal(runtime.status().stateHash, expected.stateHash);
    const next = await runtime.submit({ kind: "execute", agent: "ada", action: "count", params: "{}" });
    assert.equal(next.tick, expected.ticks);
    await runtime.close();
    assert.equal((await replay({ data: "", disk, workers: 1 })).first, undefined);
  });

  Deno.test(`golden ${version} holds every outcome and every kind of step`, () => {
    const log = openLog(diskOf(golden), { readOnly: true });
    const steps = [...entriesFrom(log, 0)].flatMap(({ entry }) => entry.steps);
    log.close();
    const kinds = (of: (step: typeof steps[number]) => string) => [...new Set(steps.map(of))].sort();
    assert.deepEqual(kinds((step) => step.outcome), [
      "carried",
      "completed",
      "conflicted",
      "denied",
      "failed",
      "killed",
      "out_of_fuel",
      "trapped",
    ]);
    assert.deepEqual(kinds((step) => step.entry), [
      "configure",
      "context_create",
      "execute",
      "initialize",
      "query",
      "receive",
      "release",
      "write",
    ]);
    const some = [
      steps.some((step) => step.image !== null),
      steps.some((step) => step.recorded.length > 0),
      steps.some((step) => step.messages.length > 0),
    ];
    assert.deepEqual(some, [true, true, true]);
  });
}
