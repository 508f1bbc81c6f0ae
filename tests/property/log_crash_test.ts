/** Law: whatever the power loss, every entry that append() returned is there, at most one more, and the chain holds. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeEntry, type Log, MemoryDisk, openLog, toHex } from "../../src/log/mod.ts";

const preallocateBytes = fc.constantFrom(0, 256, 4096);
const plan = fc.record({
  sizes: fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 40 }),
  crashAfterBytes: fc.integer({ min: 0, max: 20_000 }),
  keepBytes: fc.integer({ min: 0, max: 5000 }),
  keepNames: fc.boolean(),
  segmentBytesMax: fc.constantFrom(500, 2000, 1_000_000),
  preallocateBytes,
  writeBytesMax: fc.constantFrom(3, 100, 1_000_000),
});

const body = (n: number, size: number) =>
  encodeEntry({ n, filler: "x".repeat(size) }, () => assert.fail("no payload here"));

/** Appends until the disk dies; returns the hashes of what was acknowledged. */
function acknowledged(log: Log, sizes: number[]): string[] {
  const hashes: string[] = [];
  try {
    for (const size of sizes) hashes.push(toHex(log.append(body(log.next, size)).hash));
  } catch (error) {
    assert.match(String(error), /lost its power/);
  }
  return hashes;
}

// proves: rfc-4.2-append_only
Deno.test("openLog() after any power loss finds every acknowledged entry and at most one more", () => {
  fc.assert(
    fc.property(plan, (given) => {
      const disk = new MemoryDisk();
      const { segmentBytesMax, preallocateBytes } = given;
      const log = openLog(disk, { segmentBytesMax, preallocateBytes });
      disk.faults.writeBytesMax = given.writeBytesMax;
      disk.faults.writtenBytesUntilCrash = given.crashAfterBytes;
      const hashes = acknowledged(log, given.sizes);
      const found = disk.crash({ keepBytes: given.keepBytes, keepNames: given.keepNames });
      const again = openLog(found, { appliedIndex: hashes.length === 0 ? null : hashes.length - 1 });
      assert(again.next === hashes.length || again.next === hashes.length + 1, `${again.next} entries`);
      assert.deepEqual(hashes.map((_, i) => toHex(again.hashAt(i))), hashes);
      again.append(body(again.next, 10));
      assert.deepEqual(again.verify(), { ok: true, entries: again.next });
      again.close();
    }),
    { numRuns: 300 },
  );
});

Deno.test("openLog() after a power loss during its own cut finds the same entries", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      preallocateBytes,
      fc.boolean(),
      (keepBytes, step, keepNames) => {
        const disk = new MemoryDisk();
        const log = openLog(disk, { preallocateBytes: step });
        log.append(body(0, 10));
        disk.faults.writtenBytesUntilCrash = 300;
        acknowledged(log, [400]);
        const found = disk.crash({ keepBytes });
        openLog(found);
        const again = openLog(found.crash({ keepNames }));
        assert.deepEqual([again.next, again.verify().ok], [1, true]);
      },
    ),
    { numRuns: 50 },
  );
});
