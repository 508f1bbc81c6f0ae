import assert from "node:assert/strict";
import { MemoryDisk, openBlobs, sha256Hex } from "../../../src/log/mod.ts";
import { onEachDisk, setFile } from "./disks.ts";

const bytes = Uint8Array.of(1, 2, 3);
const sha = sha256Hex(bytes);

onEachDisk("put() gives the hash, and get() the bytes", (disk) => {
  assert.deepEqual(openBlobs(disk).get(openBlobs(disk).put(bytes)), bytes);
});

onEachDisk("put() leaves one file, named by the hash", (disk) => {
  openBlobs(disk).put(bytes);
  assert.deepEqual(disk.list("blobs"), [sha]);
});

onEachDisk("get() of an absent blob is refused with blob_missing", (disk) => {
  assert.throws(() => openBlobs(disk).get(sha), { code: "blob_missing" });
});

onEachDisk("get() of a damaged blob is refused with log_corrupt", (disk) => {
  openBlobs(disk).put(bytes);
  setFile(disk, `blobs/${sha}`, Uint8Array.of(1, 2, 4));
  assert.throws(() => openBlobs(disk).get(sha), {
    code: "log_corrupt",
    hint: /agent load with the same file mends a module/,
  });
});

onEachDisk("put() mends a damaged blob", (disk) => {
  openBlobs(disk).put(bytes);
  setFile(disk, `blobs/${sha}`, Uint8Array.of(1, 2));
  openBlobs(disk).put(bytes);
  assert.deepEqual(openBlobs(disk).get(sha), bytes);
});

onEachDisk("get() finds what its own object put, and only from then on", (disk) => {
  const blobs = openBlobs(disk);
  assert.throws(() => blobs.get(sha), { code: "blob_missing" });
  assert.deepEqual(disk.list("blobs"), []);
  blobs.put(bytes);
  assert.deepEqual([blobs.get(sha), disk.list("blobs")], [bytes, [sha]]);
});

onEachDisk("remove() removes a blob, and again does nothing", (disk) => {
  const blobs = openBlobs(disk);
  blobs.put(bytes);
  blobs.remove([sha]);
  blobs.remove([sha]);
  assert.deepEqual(disk.list("blobs"), []);
  assert.throws(() => blobs.get(sha), { code: "blob_missing" });
});

onEachDisk("hashes() names files alone; head() gives what a blob begins with, written or waiting", (disk) => {
  const blobs = openBlobs(disk);
  const [soon = ""] = blobs.putSoon([Uint8Array.of(9, 8, 7)]);
  blobs.put(bytes);
  setFile(disk, "blobs/0.new", bytes);
  assert.deepEqual([blobs.hashes(), blobs.waits], [[sha], true]);
  assert.deepEqual([blobs.head(soon, 2), blobs.head(sha, 2), blobs.head(sha, 9)], [
    Uint8Array.of(9, 8),
    Uint8Array.of(1, 2),
    bytes,
  ]);
  blobs.writeSoon();
  assert.deepEqual([blobs.hashes(), blobs.waits], [[soon, sha].sort(), false]);
  blobs.remove([soon, sha]);
  assert.deepEqual([blobs.hashes(), blobs.head(sha, 2)], [[], new Uint8Array(0)]);
});

onEachDisk("get() of the empty blob gives no bytes", (disk) => {
  const blobs = openBlobs(disk);
  assert.deepEqual(blobs.get(blobs.put(new Uint8Array(0))), new Uint8Array(0));
});

Deno.test("a name that is no hash is a fault", () => {
  assert.throws(() => openBlobs(new MemoryDisk()).get("../host.token"), /64 hexadecimal digits/);
});

Deno.test("put() is durable when it returns", () => {
  const disk = new MemoryDisk();
  openBlobs(disk).put(bytes);
  assert.deepEqual(openBlobs(disk.crash()).get(sha), bytes);
});

Deno.test("put() does not write a blob again", () => {
  const disk = new MemoryDisk();
  const blobs = openBlobs(disk);
  blobs.put(bytes);
  const before = disk.syncs;
  blobs.put(bytes);
  assert.equal(disk.syncs, before);
});

Deno.test("put() to a full disk is refused with disk_full", () => {
  const disk = new MemoryDisk();
  disk.faults.spaceBytes = 2;
  assert.throws(() => openBlobs(disk).put(bytes), { code: "disk_full" });
});

Deno.test("a put() cut off by a power loss leaves no blob", () => {
  const disk = new MemoryDisk();
  disk.faults.writtenBytesUntilCrash = 2;
  assert.throws(() => openBlobs(disk).put(bytes), /lost its power/);
  const after = disk.crash({ keepBytes: 2, keepNames: true });
  assert.deepEqual(after.list("blobs").filter((name) => /^[0-9a-f]{64}$/.test(name)), []);
});

onEachDisk("putSoon() gives the hashes, and get() the bytes", (disk) => {
  const blobs = openBlobs(disk);
  assert.deepEqual(blobs.putSoon([bytes]), [sha]);
  assert.deepEqual([blobs.get(sha), disk.list("blobs")], [bytes, []]);
  blobs.writeSoon();
  assert.deepEqual([openBlobs(disk).get(sha), disk.list("blobs")], [bytes, [sha]]);
});

onEachDisk("writeSoon() mends a damaged blob, and leaves one that is whole", (disk) => {
  const blobs = openBlobs(disk);
  for (const found of [Uint8Array.of(1, 2), bytes]) {
    disk.mkdir("blobs");
    setFile(disk, `blobs/${sha}`, found);
    blobs.putSoon([bytes]);
    blobs.writeSoon();
    assert.deepEqual([openBlobs(disk).get(sha), disk.list("blobs")], [bytes, [sha]]);
  }
});

onEachDisk("what was removed is not written by writeSoon()", (disk) => {
  const blobs = openBlobs(disk);
  blobs.putSoon([bytes]);
  blobs.remove([sha]);
  const others = blobs.putSoon([Uint8Array.of(9)]);
  blobs.removeOthers(() => false);
  blobs.writeSoon();
  for (const gone of [sha, ...others]) assert.throws(() => blobs.get(gone), { code: "blob_missing" });
  assert.deepEqual(disk.list("blobs"), []);
});

Deno.test("writeSoon() to a full disk is refused, leaves no part, and writes it when there is room", () => {
  const disk = new MemoryDisk();
  const blobs = openBlobs(disk);
  disk.faults.spaceBytes = 2;
  blobs.putSoon([bytes]);
  assert.throws(() => blobs.writeSoon(), { code: "disk_full" });
  assert.deepEqual([disk.list("blobs"), blobs.get(sha)], [[], bytes]);
  delete disk.faults.spaceBytes;
  blobs.writeSoon();
  assert.deepEqual(openBlobs(disk).get(sha), bytes);
});

for (const [what, same] of [["the same object", true], ["another one", false]] as const) {
  Deno.test(`put() makes durable what putSoon() of ${what} wrote`, () => {
    const disk = new MemoryDisk();
    const blobs = openBlobs(disk);
    blobs.putSoon([bytes]);
    blobs.writeSoon();
    (same ? blobs : openBlobs(disk)).put(bytes);
    assert.deepEqual(openBlobs(disk.crash()).get(sha), bytes);
  });
}

onEachDisk("beginSoon() writes in the background what was put to be written soon", async (disk) => {
  const blobs = openBlobs(disk), bytes = [Uint8Array.of(1, 2, 3), new Uint8Array(70_000).fill(4)];
  const hashes = blobs.putSoon(bytes);
  blobs.beginSoon();
  assert.equal(blobs.isWriting, true);
  assert.deepEqual(hashes.map((sha) => blobs.get(sha)), bytes);
  blobs.writeSoon(); // leaves alone what is on its way
  await blobs.settled();
  assert.equal(blobs.isWriting, false);
  assert.deepEqual(hashes.map((sha) => openBlobs(disk).get(sha)), bytes);
});

Deno.test("what finds no room in the background is refused by the next beginSoon(), until there is room", async () => {
  const disk = new MemoryDisk(), blobs = openBlobs(disk), bytes = Uint8Array.of(1, 2, 3);
  const [sha = ""] = blobs.putSoon([bytes]);
  disk.faults.spaceBytes = 1;
  blobs.beginSoon();
  await blobs.settled();
  assert.throws(() => blobs.beginSoon(), { code: "disk_full" });
  assert.deepEqual(blobs.get(sha), bytes);
  delete disk.faults.spaceBytes;
  blobs.beginSoon();
  assert.deepEqual(openBlobs(disk).get(sha), bytes);
});

onEachDisk("beginSoon() mends a file that is there and damaged", async (disk) => {
  const bytes = Uint8Array.of(1, 2, 3), blobs = openBlobs(disk);
  const sha = blobs.put(bytes);
  setFile(disk, `blobs/${sha}`, Uint8Array.of(9));
  const again = openBlobs(disk);
  again.putSoon([bytes]);
  again.beginSoon();
  await again.settled();
  again.beginSoon();
  assert.deepEqual(openBlobs(disk).get(sha), bytes);
});
