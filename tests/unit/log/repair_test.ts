import assert from "node:assert/strict";
import { asideFolder, erasePayloads, MemoryDisk, openLog, repairLog, toHex } from "../../../src/log/mod.ts";
import type { Payload } from "../../../src/kernel/payload.ts";
import { fileBytes, fill, firstSegment, onEachDisk, setFile } from "./disks.ts";
import type { Disk } from "../../../src/log/mod.ts";

function made(disk: Disk, entries: number, segmentBytesMax = 64_000): string {
  const log = openLog(disk, { segmentBytesMax, preallocateBytes: 1024 });
  fill(log, entries);
  log.close();
  return toHex(log.hash);
}

/** Turns a bit of a segment. */
function damage(disk: Disk, path: string, offset: number): void {
  const bytes = fileBytes(disk, path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  setFile(disk, path, bytes);
}

function verdict(disk: Disk) {
  const log = openLog(disk);
  const found = log.verify();
  log.close();
  return found;
}

const segments = (disk: Disk) => disk.list("log").filter((name) => name.endsWith(".log"));

onEachDisk("repairLog() of a whole log finds nothing and changes nothing", (disk) => {
  made(disk, 5);
  const before = fileBytes(disk, firstSegment);
  assert.deepEqual(repairLog(disk, { cut: true }), {
    damage: null,
    entries: 5,
    lostBytes: 0,
    cut: false,
    aside: [],
  });
  assert.deepEqual(fileBytes(disk, firstSegment), before);
});

onEachDisk("repairLog() shows the damaged frame and changes nothing unless asked to cut", (disk) => {
  made(disk, 5);
  damage(disk, firstSegment, 300);
  const before = fileBytes(disk, firstSegment);
  const { damage: found, entries, cut } = repairLog(disk);
  assert.deepEqual([found?.index, entries, cut, found?.shown.length], [1, 1, false, 128]);
  assert.deepEqual([disk.list(asideFolder), fileBytes(disk, firstSegment)], [[], before]);
});

onEachDisk("repairLog() copies the segment aside before it cuts", (disk) => {
  made(disk, 5);
  damage(disk, firstSegment, 300);
  const before = fileBytes(disk, firstSegment);
  const [copy] = repairLog(disk, { cut: true }).aside;
  assert.deepEqual(fileBytes(disk, copy ?? ""), before);
});

onEachDisk("a log cut by repairLog() holds the entries before the damage", (disk) => {
  made(disk, 5);
  damage(disk, firstSegment, 300);
  repairLog(disk, { cut: true });
  assert.deepEqual(verdict(disk), { ok: true, entries: 1 });
});

onEachDisk("repairLog() cuts the segments after the damage too, each copied aside", (disk) => {
  made(disk, 20, 1000);
  const count = segments(disk).length;
  damage(disk, firstSegment, 300);
  const { aside } = repairLog(disk, { cut: true });
  assert.deepEqual([aside.length, segments(disk).length, verdict(disk)], [count, 1, {
    ok: true,
    entries: 1,
  }]);
});

onEachDisk("repairLog() removes a segment whose header is damaged", (disk) => {
  made(disk, 20, 1000);
  const second = segments(disk)[1] ?? "";
  damage(disk, `log/${second}`, 20);
  const { entries } = repairLog(disk, { cut: true });
  assert.deepEqual([segments(disk).length, verdict(disk)], [1, { ok: true, entries }]);
});

onEachDisk("repairLog() keeps earlier copies aside", (disk) => {
  for (let i = 0; i < 2; i++) {
    made(disk, 5);
    damage(disk, firstSegment, 300);
    repairLog(disk, { cut: true });
  }
  assert.equal(disk.list(asideFolder).length, 2);
});

Deno.test("repairLog() says that a torn tail is one", () => {
  const disk = new MemoryDisk();
  made(disk, 3);
  disk.put(firstSegment, disk.bytes(firstSegment).slice(0, 200));
  assert.equal(repairLog(disk).damage?.torn, true);
});

const erasure = new Map([[1, new Set([0])]]);

onEachDisk("erasePayloads() keeps the chain, and the payload reads as erased", (disk) => {
  const hash = made(disk, 4);
  assert.equal(erasePayloads(disk, erasure), 1);
  const log = openLog(disk);
  const body = log.read(1).body as { text: Payload };
  const found = [log.verify(), toHex(log.hash), body.text.erased, log.read(2).payloads[0]?.bytes !== null];
  log.close();
  assert.deepEqual(found, [{ ok: true, entries: 4 }, hash, true, true]);
});

onEachDisk("erasePayloads() leaves no byte of the content or its salt in the log", (disk) => {
  made(disk, 4);
  erasePayloads(disk, erasure);
  const text = new TextDecoder("latin1").decode(fileBytes(disk, firstSegment));
  assert.deepEqual([text.includes("text 1"), text.includes("\x02".repeat(16)), text.includes("text 2")], [
    false,
    false,
    true,
  ]);
});

onEachDisk("erasePayloads() of what is erased does nothing", (disk) => {
  made(disk, 4);
  erasePayloads(disk, erasure);
  assert.equal(erasePayloads(disk, erasure), 0);
});

onEachDisk("erasePayloads() changes only the segments that hold the entries", (disk) => {
  made(disk, 20, 1000);
  const last = `log/${segments(disk).at(-1)}`;
  const before = fileBytes(disk, last);
  erasePayloads(disk, erasure);
  assert.deepEqual([fileBytes(disk, last), verdict(disk)], [before, { ok: true, entries: 20 }]);
});

onEachDisk("a log goes on after erasePayloads()", (disk) => {
  made(disk, 200);
  erasePayloads(disk, erasure);
  made(disk, 200);
  assert.deepEqual(verdict(disk), { ok: true, entries: 400 });
});

Deno.test("erasePayloads() cut off by a power loss at any byte leaves the old log or the new one", () => {
  const whole = new MemoryDisk();
  made(whole, 3);
  const size = whole.bytes(firstSegment).length;
  for (let written = 0; written < size; written += 13) {
    const disk = whole.copy();
    disk.faults.writtenBytesUntilCrash = written;
    try {
      erasePayloads(disk, erasure);
    } catch (error) {
      assert.match(String(error), /lost its power/);
    }
    const after = disk.crash({ keepBytes: written, keepNames: true });
    assert.deepEqual(verdict(after), { ok: true, entries: 3 }, `after ${written} bytes`);
  }
});

Deno.test("erasePayloads() is durable when it returns", () => {
  const disk = new MemoryDisk();
  made(disk, 4);
  erasePayloads(disk, erasure);
  const found = disk.crash();
  assert.deepEqual([verdict(found), erasePayloads(found, erasure)], [{ ok: true, entries: 4 }, 0]);
});

Deno.test("erasePayloads() of a damaged segment is refused and changes nothing", () => {
  const disk = new MemoryDisk();
  made(disk, 4);
  disk.flip(firstSegment, 300, 1);
  const before = disk.bytes(firstSegment);
  assert.throws(() => erasePayloads(disk, erasure), { code: "log_corrupt" });
  assert.deepEqual(disk.bytes(firstSegment), before);
});
