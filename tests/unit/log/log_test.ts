import assert from "node:assert/strict";
import { Payload } from "../../../src/kernel/payload.ts";
import {
  type Disk,
  encodeEntry,
  type Log,
  type LogOptions,
  MemoryDisk,
  openLog,
  stateHash,
  toHex,
} from "../../../src/log/mod.ts";
import { check, encodeFrame, encodeSegmentHeader } from "../../../src/log/frame.ts";
import { markEntries, marksPath } from "../../../src/log/segment.ts";
import { countingSalts, entry, fileBytes, fill, firstSegment, onEachDisk, setFile } from "./disks.ts";

const zeroHash = new Uint8Array(32);

/** Opens a log, uses it, closes it. */
function withLog<T>(disk: Disk, options: LogOptions, use: (log: Log) => T): T {
  const log = openLog(disk, options);
  try {
    return use(log);
  } finally {
    log.close();
  }
}

onEachDisk("openLog() of an empty folder has no entry and the zero hash", (disk) => {
  assert.deepEqual(withLog(disk, {}, (log) => [log.next, log.hash, log.report]), [0, zeroHash, {
    cut: null,
  }]);
});

onEachDisk("openLog() of an empty folder makes no file", (disk) => {
  withLog(disk, {}, () => {});
  assert.deepEqual(disk.list("log"), []);
});

onEachDisk("append() gives the index and the next hash of the chain", (disk) => {
  withLog(disk, {}, (log) => {
    const first = log.append(entry(0));
    const second = log.append(entry(1));
    const hash = stateHash(stateHash(zeroHash, entry(0).bodyBytes), entry(1).bodyBytes);
    assert.deepEqual([first.index, second.index, second.hash, log.hash], [0, 1, hash, hash]);
  });
});

onEachDisk("read() gives back what was appended, after opening again", (disk) => {
  const bytes = Uint8Array.of(0, 255);
  withLog(disk, {}, (log) => log.append(encodeEntry({ a: [1, -2.5, "é", null, bytes] }, countingSalts())));
  assert.deepEqual(withLog(disk, {}, (log) => log.read(0).body), { a: [1, -2.5, "é", null, bytes] });
});

onEachDisk("entries() gives every entry from an index on, across segments", (disk) => {
  withLog(disk, { segmentBytesMax: 1000, preallocateBytes: 512 }, (log) => fill(log, 20));
  const found = withLog(disk, {}, (log) => [...log.entries(7)].map(({ index, body }) => [index, body]));
  assert.deepEqual(
    found.map(([index, body]) => [index, (body as { n: number }).n]),
    Array.from({ length: 13 }, (_, i) => [i + 7, i + 7]),
  );
});

onEachDisk("follow() takes in what the owner appended since, segments too, and nothing twice", (disk) => {
  withLog(disk, { segmentBytesMax: 1000, preallocateBytes: 512 }, (owner) => {
    fill(owner, 2);
    withLog(disk, { readOnly: true }, (reader) => {
      for (const more of [0, 1, 3, 0, 20, 1, 40]) {
        fill(owner, more);
        reader.follow();
        assert.deepEqual([reader.next, reader.hash], [owner.next, owner.hash]);
        const bodies = (log: Log) => [...log.entries(0)].map(({ body }) => body);
        assert.deepEqual(bodies(reader), bodies(owner));
      }
    });
    assert.throws(() => owner.follow(), /follows nobody/);
  });
});

onEachDisk("follow() of a log that was empty finds its first segment", (disk) => {
  withLog(disk, { readOnly: true }, (reader) => {
    reader.follow();
    assert.equal(reader.next, 0);
    withLog(disk, {}, (owner) => fill(owner, 3));
    reader.follow();
    assert.equal(reader.next, 3);
  });
});

onEachDisk("append() begins a segment before the size is passed", (disk) => {
  withLog(disk, { segmentBytesMax: 1000, preallocateBytes: 512 }, (log) => fill(log, 20));
  const sizes = disk.list("log").filter((name) => name.endsWith(".log"))
    .map((name) => fileBytes(disk, `log/${name}`).length);
  assert(sizes.length > 2 && sizes.slice(0, -1).every((size) => size <= 1000), sizes.join());
});

onEachDisk("append() puts an entry larger than a segment in a segment of its own", (disk) => {
  withLog(disk, { segmentBytesMax: 500 }, (log) => {
    fill(log, 1);
    log.append(entry(1, "x".repeat(2000)));
    fill(log, 1);
  });
  assert.deepEqual(withLog(disk, {}, (log) => log.verify()), { ok: true, entries: 3 });
});

onEachDisk("hashAt() gives the chain hash after any entry", (disk) => {
  const hashes = withLog(disk, { segmentBytesMax: 1000 }, (log) => {
    return Array.from({ length: 10 }, (_, i) => toHex(log.append(entry(i)).hash));
  });
  const found = withLog(disk, {}, (log) => hashes.map((_, i) => toHex(log.hashAt(i))));
  assert.deepEqual(found, hashes);
});

onEachDisk("verify() accepts a log of several segments", (disk) => {
  withLog(disk, { segmentBytesMax: 1000 }, (log) => fill(log, 20));
  assert.deepEqual(withLog(disk, {}, (log) => log.verify()), { ok: true, entries: 20 });
});

onEachDisk("append() goes on where an earlier opening ended", (disk) => {
  for (let i = 0; i < 5; i++) withLog(disk, {}, (log) => fill(log, 3));
  assert.deepEqual(withLog(disk, {}, (log) => log.verify()), { ok: true, entries: 15 });
});

onEachDisk("a log opened again has the hash it was closed with", (disk) => {
  const hash = withLog(disk, {}, (log) => {
    fill(log, 200);
    return log.hash;
  });
  assert.deepEqual(withLog(disk, { appliedIndex: 199 }, (log) => log.hash), hash);
});

onEachDisk("a read-only log refuses append as a fault", (disk) => {
  assert.throws(() => withLog(disk, { readOnly: true }, (log) => fill(log, 1)), /open for reading only/);
});

onEachDisk("read() of an index outside the log is a fault", (disk) => {
  assert.throws(() => withLog(disk, {}, (log) => log.read(0)), /entry 0 of 0/);
});

onEachDisk("openLog() refuses a log that ends before the applied index", (disk) => {
  withLog(disk, {}, (log) => fill(log, 3));
  assert.throws(() => openLog(disk, { appliedIndex: 3 }), {
    code: "log_missing",
    hint: /move graph\.db away, and it is made again/,
  });
});

onEachDisk("openLog() refuses a folder without log when the graph holds entries", (disk) => {
  assert.throws(() => openLog(disk, { appliedIndex: 0 }), { code: "log_missing" });
});

onEachDisk("openLog() removes an unfinished segment", (disk) => {
  withLog(disk, {}, (log) => fill(log, 1));
  setFile(disk, "log/0000000000000001.log.new", Uint8Array.of(1));
  withLog(disk, {}, () => {});
  assert.deepEqual(disk.list("log"), ["0000000000000000.log"]);
});

onEachDisk("a used log that was closed is a fault", (disk) => {
  const log = openLog(disk);
  log.close();
  assert.throws(() => log.append(entry(0)), /closed log/);
});

Deno.test("append() syncs once an entry", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    const before = disk.syncs;
    fill(log, 5);
    assert.equal(disk.syncs - before, 5);
  });
});

Deno.test("append() preallocates in steps", () => {
  const disk = new MemoryDisk();
  withLog(disk, { preallocateBytes: 4096 }, (log) => fill(log, 3));
  assert.equal(disk.bytes(firstSegment).length, 4096);
});

Deno.test("append() after a failed sync is refused with outcome_unknown", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    disk.faults.syncsUntilError = 0;
    assert.throws(() => fill(log, 1), { code: "outcome_unknown" });
    delete disk.faults.syncsUntilError;
    assert.throws(() => fill(log, 1), { code: "outcome_unknown" });
  });
});

for (const syncs of [0, 1, 2]) {
  Deno.test(`a new segment whose sync ${syncs + 1} fails is outcome_unknown`, () => {
    const disk = new MemoryDisk();
    disk.faults.syncsUntilError = syncs;
    withLog(disk, {}, (log) => assert.throws(() => fill(log, 1), { code: "outcome_unknown" }));
  });
}

Deno.test("entries larger than what is read at once are read back", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    for (let i = 0; i < 6; i++) log.append(entry(i, "x".repeat(i % 2 === 0 ? 700_000 : 10)));
  });
  const sizes = withLog(
    disk,
    {},
    (log) => [...log.entries(0)].map(({ payloads }) => payloads[0]?.bytes?.length),
  );
  assert.deepEqual(sizes, [700_000, 10, 700_000, 10, 700_000, 10]);
});

Deno.test("a failed sync does not move the index", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    disk.faults.syncsUntilError = 0;
    assert.throws(() => fill(log, 1), { code: "outcome_unknown" });
    assert.equal(log.next, 1);
  });
});

Deno.test("a failed sync is not repeated", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    disk.faults.syncsUntilError = 0;
    assert.throws(() => fill(log, 1), { code: "outcome_unknown" });
    assert.equal(disk.faults.syncsUntilError, -1);
  });
});

Deno.test("append() to a full disk is refused with disk_full", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    disk.faults.spaceBytes = 256 * 1024 + 100;
    assert.throws(() => log.append(entry(1, "x".repeat(300_000))), { code: "disk_full" });
  });
});

// proves: mentat-practices4-degradation
Deno.test("a log goes on after a full disk was freed", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    disk.faults.spaceBytes = 256 * 1024 + 100;
    assert.throws(() => log.append(entry(1, "x".repeat(300_000))));
    delete disk.faults.spaceBytes;
    fill(log, 2);
    assert.deepEqual(log.verify(), { ok: true, entries: 3 });
  });
});

Deno.test("a full disk leaves no trace of the refused entry", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 2);
    disk.faults.spaceBytes = 256 * 1024 + 100;
    assert.throws(() => log.append(entry(2, "x".repeat(300_000))));
  });
  const found = withLog(disk.crash({ keepBytes: 1000 }), {}, (log) => [log.next, log.report]);
  assert.deepEqual(found, [2, { cut: null }]);
});

Deno.test("a full disk at the first entry is refused with disk_full, and the log stays usable", () => {
  const disk = new MemoryDisk();
  disk.faults.spaceBytes = 10;
  withLog(disk, {}, (log) => {
    assert.throws(() => fill(log, 1), { code: "disk_full" });
    delete disk.faults.spaceBytes;
    fill(log, 1);
    assert.deepEqual(log.verify(), { ok: true, entries: 1 });
  });
});

Deno.test("a full disk that cannot be taken back is outcome_unknown", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    disk.faults.spaceBytes = 256 * 1024 + 100;
    disk.faults.truncateFails = true;
    assert.throws(() => log.append(entry(1, "x".repeat(300_000))), { code: "outcome_unknown" });
  });
});

Deno.test("append() completes over short writes", () => {
  const disk = new MemoryDisk();
  disk.faults.writeBytesMax = 7;
  withLog(disk, { preallocateBytes: 1024 }, (log) => fill(log, 5));
  assert.deepEqual(withLog(disk, {}, (log) => log.verify()), { ok: true, entries: 5 });
});

Deno.test("opening a long log reads only its tail", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => fill(log, 3000));
  const before = disk.bytesRead;
  withLog(disk, {}, (log) => assert.equal(log.next, 3000));
  const share = (disk.bytesRead - before) / disk.bytes(firstSegment).length;
  assert(share < 0.7, `${share} of the file was read`);
});

const damagedMarks: [string, (marks: Uint8Array) => Uint8Array][] = [
  ["lost", () => new Uint8Array(0)],
  ["of zeros", (marks) => new Uint8Array(marks.length)],
  ["cut short", (marks) => marks.slice(0, 25)],
  ["pointing elsewhere", (marks) => marks.map((byte, i) => i % 16 === 8 ? (byte + 8) & 0xf8 : byte)],
  [
    "of a longer log",
    (marks) => Uint8Array.of(...marks, ...marks.slice(-16).map((b, i) => i % 8 === 1 ? b + 1 : b)),
  ],
];
for (const [how, damage] of damagedMarks) {
  Deno.test(`marks that are ${how} change no result`, () => {
    const disk = new MemoryDisk();
    const hash = withLog(disk, {}, (log) => {
      fill(log, 300);
      return log.hash;
    });
    const marks = firstSegment.replace(".log", ".marks");
    disk.put(marks, damage(disk.bytes(marks)));
    withLog(disk, {}, (log) => {
      fill(log, 100);
      assert.deepEqual(log.hashAt(299), hash);
    });
    assert.deepEqual(withLog(disk, {}, (log) => log.verify()), { ok: true, entries: 400 });
  });
}

Deno.test("verify() names an entry whose chain does not continue, though its frame holds", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => fill(log, 3));
  const other = new MemoryDisk();
  withLog(other, {}, (log) => {
    log.append(entry(7));
    log.append(entry(1));
    log.append(entry(2));
  });
  const frames = disk.bytes(firstSegment);
  const size = 64 + 2 * ((other.bytes(firstSegment).findLastIndex((byte) => byte !== 0) + 1 - 64) / 3);
  frames.set(other.bytes(firstSegment).subarray(64 + (size - 64) / 2, size), 64 + (size - 64) / 2);
  disk.put(firstSegment, frames);
  assert.throws(() => openLog(disk), /entry 1: the entry does not continue the hash chain/);
});

Deno.test("verify() names an older segment whose header does not continue the chain", () => {
  const disk = new MemoryDisk();
  withLog(disk, { segmentBytesMax: 1000 }, (log) => fill(log, 20));
  const second = `log/${disk.list("log").filter((name) => name.endsWith(".log"))[1]}`;
  const bytes = disk.bytes(second);
  bytes.set(encodeSegmentHeader({ first: Number(second.slice(4, 20)), previous: zeroHash }));
  disk.put(second, bytes);
  const { first } = withLog(disk, {}, (log) => log.verify());
  assert.deepEqual([first?.segment, first?.what], [
    second,
    "the segment's header does not continue the hash chain",
  ]);
});

// proves: rfc-4.2-append_only
Deno.test("verify() names an older entry whose body was exchanged under its hash", () => {
  const disk = new MemoryDisk();
  const hash = withLog(disk, { segmentBytesMax: 1000 }, (log) => {
    fill(log, 20);
    return log.hashAt(0);
  });
  const bytes = disk.bytes(firstSegment);
  encodeFrame(bytes.subarray(64), 0, { ...entry(0), bodyBytes: entry(9, "text 0").bodyBytes }, hash);
  disk.put(firstSegment, bytes);
  const { first } = withLog(disk, {}, (log) => log.verify());
  assert.deepEqual([first?.index, first?.what], [0, "the entry does not continue the hash chain"]);
});

Deno.test("verify() names a payload that does not have its digest, though its frame holds", () => {
  const disk = new MemoryDisk();
  const forged = { ...entry(1, "other!"), bodyBytes: entry(0).bodyBytes };
  withLog(disk, {}, (log) => {
    log.append(forged);
    const { ok, entries, first } = log.verify();
    assert.deepEqual([ok, entries, first], [false, 0, {
      segment: firstSegment,
      offset: 64,
      index: 0,
      what: "payload 0 does not have its digest",
    }]);
  });
});

Deno.test("openLog() refuses a segment of a newer format", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => fill(log, 1));
  const bytes = disk.bytes(firstSegment);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 2, true);
  view.setUint32(12, check(bytes, 0, 12), true);
  disk.put(firstSegment, bytes);
  assert.throws(() => openLog(disk), { code: "data_folder_newer" });
});

Deno.test("verify() names a missing middle segment", () => {
  const disk = new MemoryDisk();
  withLog(disk, { segmentBytesMax: 1000 }, (log) => fill(log, 20));
  const [, second] = disk.list("log").filter((name) => name.endsWith(".log"));
  disk.remove(`log/${second}`);
  const verdict = withLog(disk, {}, (log) => log.verify());
  assert.match(verdict.first?.what ?? "", /^the segment starts at entry \d+, \d+ was expected$/);
});

Deno.test("entries() may be read while others are appended", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 2);
    const seen: number[] = [];
    for (const { index } of log.entries(0)) {
      seen.push(index);
      if (index < 4) log.append(encodeEntry({ text: Payload.text("later") }, countingSalts()));
    }
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
  });
});

Deno.test("opening to read while the owner appends is no damage", () => {
  const disk = new MemoryDisk();
  const owner = openLog(disk, {});
  fill(owner, 3);
  let reads = 0;
  const raced: Disk = {
    open(path, options) {
      const file = disk.open(path, options);
      if (file === null) return null;
      return {
        read(into, offset) {
          const taken = file.read(into, offset);
          if (path === firstSegment && ++reads === 2) fill(owner, 3);
          return taken;
        },
        write: (bytes, offset) => file.write(bytes, offset),
        truncate: (size) => file.truncate(size),
        size: () => file.size(),
        sync: () => file.sync(),
        syncData: () => file.syncData(),
        syncDataSoon: (done) => file.syncDataSoon(done),
        close: () => file.close(),
      };
    },
    list: (folder) => disk.list(folder),
    mkdir: (folder) => disk.mkdir(folder),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncFolder: (folder) => disk.syncFolder(folder),
    writeNewSoon: (path, bytes, done) => disk.writeNewSoon(path, bytes, done),
  };
  assert.equal(withLog(raced, { readOnly: true }, (log) => log.next), 6);
  owner.close();
});

Deno.test("an entry that may wait is durable by sync(), which syncs once for all that wait", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    const before = disk.syncs;
    for (let n = 1; n < 5; n++) log.append(entry(n), { mayWait: true });
    const left = () => withLog(disk.crash(), { readOnly: true }, ({ next }) => next);
    assert.deepEqual([disk.syncs - before, log.next, left()], [0, 5, 1]);
    log.sync();
    log.sync();
    assert.deepEqual([disk.syncs - before, left()], [1, 5]);
  });
});

Deno.test("an entry that does not wait makes those before it durable, in this segment and in the one before", () => {
  for (const segmentBytesMax of [1_000_000, 1000]) {
    const disk = new MemoryDisk();
    withLog(disk, { segmentBytesMax, preallocateBytes: 512 }, (log) => {
      for (let n = 0; n < 30; n++) log.append(entry(n), { mayWait: true });
      log.append(entry(30));
      withLog(disk.crash(), {}, (found) => {
        assert.equal(found.next, 31);
        assert.equal(found.verify().ok, true);
      });
    });
  }
});

Deno.test("a failed sync of entries that waited is outcome_unknown, and not repeated", () => {
  const disk = new MemoryDisk();
  withLog(disk, {}, (log) => {
    fill(log, 1);
    log.append(entry(1), { mayWait: true });
    disk.faults.syncsUntilError = 0;
    assert.throws(() => log.sync(), { code: "outcome_unknown" });
    delete disk.faults.syncsUntilError;
    assert.throws(() => log.sync(), { code: "outcome_unknown" });
    assert.throws(() => fill(log, 1), { code: "outcome_unknown" });
  });
});

onEachDisk("syncSoon() makes what was appended before it durable in the background", async (disk) => {
  const log = openLog(disk, {});
  fill(log, 1);
  log.append(entry(1), { mayWait: true });
  if (!log.syncSoon()) return log.close(); // a system that has none
  log.append(entry(2), { mayWait: true });
  assert.deepEqual([log.synced, log.isSyncing, log.syncSoon()], [1, true, false]);
  await log.settled();
  assert.deepEqual([log.synced, log.isSyncing], [2, false]);
  if (disk instanceof MemoryDisk) {
    assert.equal(withLog(disk.crash(), { readOnly: true }, ({ next }) => next >= 2), true);
  }
  log.sync();
  assert.equal(log.synced, 3);
  log.close();
});

Deno.test("a sync that fails in the background is outcome_unknown from then on", async () => {
  const disk = new MemoryDisk(), log = openLog(disk, {});
  fill(log, 1);
  log.append(entry(1), { mayWait: true });
  disk.faults.syncsUntilError = 0;
  assert.equal(log.syncSoon(), true);
  await log.settled();
  delete disk.faults.syncsUntilError;
  assert.equal(log.synced, 1);
  assert.throws(() => log.sync(), { code: "outcome_unknown" });
  assert.throws(() => fill(log, 1), { code: "outcome_unknown" });
  log.close();
});

Deno.test("marks are saved of entries that are durable, by the sync that makes them so", async () => {
  const disk = new MemoryDisk(), log = openLog(disk, {});
  const path = marksPath(firstSegment);
  const marks = () => disk.list("log").some((name) => path.endsWith(name)) ? disk.bytes(path).length : 0;
  fill(log, 1);
  const before = disk.syncs;
  for (let n = 1; n < 3 * markEntries; n++) log.append(entry(n), { mayWait: true });
  assert.deepEqual([disk.syncs, marks()], [before, 0]);
  log.syncSoon();
  const later = log.next;
  while (log.next < later + markEntries) log.append(entry(log.next), { mayWait: true });
  await log.settled();
  const saved = marks();
  assert.ok(saved > 0);
  log.sync();
  assert.ok(marks() > saved);
  log.close();
});
