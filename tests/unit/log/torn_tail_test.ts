import assert from "node:assert/strict";
import { MemoryDisk, openLog } from "../../../src/log/mod.ts";
import { EngramError } from "../../../src/kernel/errors.ts";
import { entry, fill, firstSegment } from "./disks.ts";

const headerBytes = 64;

/** A log of `count` entries in one segment: its used bytes and where each frame starts (and the last ends). */
function small(count: number): { bytes: Uint8Array; starts: number[] } {
  const starts = [headerBytes];
  const disk = new MemoryDisk();
  const log = openLog(disk, { preallocateBytes: 0 });
  for (let i = 0; i < count; i++) {
    log.append(entry(i));
    starts.push(disk.bytes(firstSegment).length);
  }
  log.close();
  return { bytes: disk.bytes(firstSegment), starts };
}

const { bytes: whole, starts } = small(3);
const lastStart = starts.at(-2) ?? 0;

function diskOf(bytes: Uint8Array, zeros = 0): MemoryDisk {
  const disk = new MemoryDisk();
  const padded = new Uint8Array(bytes.length + zeros);
  padded.set(bytes);
  disk.put(firstSegment, padded);
  return disk;
}

/** What opening says: the entries there and what was cut, or the place of the damage. */
function opened(disk: MemoryDisk, appliedIndex: number | null = null): unknown {
  try {
    const log = openLog(disk, { appliedIndex });
    const found = { next: log.next, cut: log.report.cut };
    log.close();
    return found;
  } catch (error) {
    assert(error instanceof EngramError);
    return { code: error.code, offset: error.data["offset"], index: error.data["index"] };
  }
}

Deno.test("a file cut at any byte opens with the whole frames before it", () => {
  for (let size = headerBytes; size <= whole.length; size++) {
    const next = starts.findLastIndex((start) => start <= size);
    const offset = starts[next] ?? 0;
    const cut = offset === size ? null : { segment: firstSegment, offset, index: next, bytes: size - offset };
    assert.deepEqual(opened(diskOf(whole.subarray(0, size))), { next, cut }, `cut at ${size}`);
  }
});

Deno.test("a last frame torn at any byte in preallocated zeros opens with the whole frames before it", () => {
  for (let size = lastStart; size < whole.length; size++) {
    // Bytes of the frame that are zero anyway do not show whether they arrived.
    const shown = whole.subarray(0, size).findLastIndex((byte) => byte !== 0) + 1;
    const bytes = shown - lastStart;
    const cut = bytes <= 0 ? null : { segment: firstSegment, offset: lastStart, index: 2, bytes };
    assert.deepEqual(opened(diskOf(whole.subarray(0, size), 5000)), { next: 2, cut }, `torn at ${size}`);
  }
});

Deno.test("a torn frame whose entry the graph holds is not cut", () => {
  for (let size = lastStart + 1; size < whole.length; size++) {
    const disk = diskOf(whole.subarray(0, size));
    const found = { code: "log_corrupt", offset: lastStart, index: 2 };
    assert.deepEqual(opened(disk, 2), found, `cut at ${size}`);
    assert.equal(disk.bytes(firstSegment).length, size);
  }
});

Deno.test("a torn frame just above the applied index is cut", () => {
  const cut = { segment: firstSegment, offset: lastStart, index: 2, bytes: 10 };
  assert.deepEqual(opened(diskOf(whole.subarray(0, lastStart + 10)), 1), { next: 2, cut });
});

for (const zeros of [0, 5000]) {
  Deno.test(`any bit turned in a frame is found at its frame, and nothing is cut (${zeros} zeros after)`, () => {
    for (let at = headerBytes; at < whole.length; at++) {
      const index = starts.findLastIndex((start) => start <= at);
      const found = { code: "log_corrupt", offset: starts[index], index };
      for (let bit = 0; bit < 8; bit++) {
        const disk = diskOf(whole, zeros);
        disk.flip(firstSegment, at, 1 << bit);
        const before = disk.bytes(firstSegment);
        assert.deepEqual(opened(disk), found, `byte ${at}, bit ${bit}`);
        assert.deepEqual(disk.bytes(firstSegment), before);
      }
    }
  });
}

Deno.test("any byte inverted in a frame is found at its frame", () => {
  for (let at = headerBytes; at < whole.length; at++) {
    const index = starts.findLastIndex((start) => start <= at);
    const disk = diskOf(whole, 5000);
    disk.flip(firstSegment, at, 0xff);
    assert.deepEqual(opened(disk), { code: "log_corrupt", offset: starts[index], index }, `byte ${at}`);
  }
});

Deno.test("any bit turned in the segment header is found", () => {
  for (let at = 0; at < headerBytes; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const disk = diskOf(whole, 100);
      disk.flip(firstSegment, at, 1 << bit);
      assert.deepEqual(opened(disk), { code: "log_corrupt", offset: 0, index: 0 }, `byte ${at}, bit ${bit}`);
    }
  }
});

Deno.test("a file that ends inside the segment header is corrupt", () => {
  for (let size = 0; size < headerBytes; size++) {
    assert.deepEqual(opened(diskOf(whole.subarray(0, size))), { code: "log_corrupt", offset: 0, index: 0 });
  }
});

Deno.test("a last frame of zeros with something behind it is corrupt", () => {
  const bytes = whole.slice();
  bytes.fill(0, lastStart, lastStart + 50);
  assert.deepEqual(opened(diskOf(bytes, 100)), { code: "log_corrupt", offset: lastStart, index: 2 });
});

Deno.test("a hole in the last frame with its end in place is corrupt", () => {
  const bytes = whole.slice();
  bytes.fill(0, lastStart + 40, lastStart + 60);
  assert.deepEqual(opened(diskOf(bytes, 100)), { code: "log_corrupt", offset: lastStart, index: 2 });
});

Deno.test("a torn frame with something behind its zeros is corrupt", () => {
  const disk = diskOf(whole.subarray(0, lastStart + 50), 5000);
  disk.flip(firstSegment, lastStart + 4000, 1);
  assert.deepEqual(opened(disk), { code: "log_corrupt", offset: lastStart, index: 2 });
});

Deno.test("a torn frame in an older segment is corrupt", () => {
  const disk = new MemoryDisk();
  const log = openLog(disk, { segmentBytesMax: 600 });
  fill(log, 6);
  log.close();
  const bytes = disk.bytes(firstSegment);
  disk.put(firstSegment, bytes.slice(0, bytes.length - 3));
  const again = openLog(disk);
  assert.throws(() => [...again.entries(0)], { code: "log_corrupt" });
  again.close();
});

Deno.test("a torn tail is reported and left alone when the log is open for reading only", () => {
  const disk = diskOf(whole.subarray(0, lastStart + 10));
  const log = openLog(disk, { readOnly: true });
  assert.deepEqual([log.report.cut?.bytes, log.next, disk.bytes(firstSegment).length], [
    10,
    2,
    lastStart + 10,
  ]);
  assert.deepEqual(log.verify(), { ok: true, entries: 2 });
  log.close();
});

Deno.test("a log goes on after its torn tail was cut", () => {
  const disk = diskOf(whole.subarray(0, lastStart + 70), 5000);
  const log = openLog(disk);
  fill(log, 4);
  assert.deepEqual(log.verify(), { ok: true, entries: 6 });
  log.close();
});

Deno.test("a cut is durable before anything is appended", () => {
  const disk = diskOf(whole.subarray(0, lastStart + 70), 5000);
  openLog(disk).close();
  assert.deepEqual(opened(disk.crash()), { next: 2, cut: null });
});

Deno.test("verify() names a bit turned in an entry that opening did not read", () => {
  const disk = new MemoryDisk();
  const first = openLog(disk);
  fill(first, 500);
  first.close();
  disk.flip(firstSegment, starts[1] ?? 0, 4);
  const log = openLog(disk);
  const { ok, entries, first: damage } = log.verify();
  log.close();
  assert.deepEqual([ok, entries, damage?.offset, damage?.index], [false, 1, starts[1], 1]);
});

Deno.test("read() of a damaged entry that opening did not read names its place", () => {
  const disk = new MemoryDisk();
  const first = openLog(disk);
  fill(first, 500);
  first.close();
  disk.flip(firstSegment, starts[1] ?? 0, 4);
  const log = openLog(disk);
  assert.throws(() => log.read(1), {
    code: "log_corrupt",
    data: { segment: firstSegment, offset: starts[1], index: 1, what: "the frame header is damaged" },
  });
  log.close();
});
