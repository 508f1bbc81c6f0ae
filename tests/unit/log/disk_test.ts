import assert from "node:assert/strict";
import { type Disk, type DiskFile, MemoryDisk } from "../../../src/log/mod.ts";
import { ioRefusal, isDiskFull, writeAll } from "../../../src/log/disk.ts";
import { EngramError } from "../../../src/kernel/errors.ts";
import { fileBytes, onEachDisk } from "./disks.ts";

function made(disk: Disk, path: string): DiskFile {
  disk.mkdir("f");
  const file = disk.open(path, { create: true });
  assert(file !== null);
  return file;
}

function written(disk: Disk, path: string, ...bytes: number[]): void {
  const file = made(disk, path);
  writeAll(file, Uint8Array.from(bytes), 0);
  file.sync();
  file.close();
}

onEachDisk("open() gives null for a file that is absent", (disk) => {
  assert.equal(disk.open("f/a"), null);
});

onEachDisk("open() creates an empty file on request", (disk) => {
  const file = made(disk, "f/a");
  assert.equal(file.size(), 0);
  file.close();
});

onEachDisk("read() gives back what write() put at an offset", (disk) => {
  const file = made(disk, "f/a");
  writeAll(file, Uint8Array.of(1, 2, 3), 5);
  const bytes = new Uint8Array(3);
  assert.equal(file.read(bytes, 5), 3);
  file.close();
  assert.deepEqual(bytes, Uint8Array.of(1, 2, 3));
});

onEachDisk("write() beyond the end leaves zeros between", (disk) => {
  const file = made(disk, "f/a");
  writeAll(file, Uint8Array.of(9), 2);
  file.close();
  assert.deepEqual(fileBytes(disk, "f/a"), Uint8Array.of(0, 0, 9));
});

onEachDisk("read() stops at the end of the file", (disk) => {
  const file = made(disk, "f/a");
  writeAll(file, Uint8Array.of(1, 2), 0);
  assert.equal(file.read(new Uint8Array(10), 1), 1);
  file.close();
});

onEachDisk("truncate() shortens a file, and what grows back is zeros", (disk) => {
  const file = made(disk, "f/a");
  writeAll(file, Uint8Array.of(1, 2, 3), 0);
  file.truncate(1);
  file.truncate(3);
  file.close();
  assert.deepEqual(fileBytes(disk, "f/a"), Uint8Array.of(1, 0, 0));
});

onEachDisk("rename() replaces the file of the new name", (disk) => {
  written(disk, "f/a", 1);
  written(disk, "f/b", 2);
  disk.rename("f/a", "f/b");
  assert.deepEqual([disk.list("f"), fileBytes(disk, "f/b")], [["b"], Uint8Array.of(1)]);
});

onEachDisk("remove() of an absent file does nothing", (disk) => {
  disk.mkdir("f");
  disk.remove("f/a");
  assert.deepEqual(disk.list("f"), []);
});

onEachDisk("list() names files in order and no folders", (disk) => {
  written(disk, "f/b", 1);
  written(disk, "f/a", 1);
  disk.mkdir("f/sub");
  assert.deepEqual(disk.list("f"), ["a", "b"]);
});

onEachDisk("list() of an absent folder is empty", (disk) => {
  assert.deepEqual(disk.list("nowhere"), []);
});

onEachDisk("syncFolder() accepts a folder and the root", (disk) => {
  disk.mkdir("f");
  disk.syncFolder("f");
  disk.syncFolder("");
});

onEachDisk("write() to a file opened for reading fails", (disk) => {
  written(disk, "f/a", 1);
  const file = disk.open("f/a");
  assert.throws(() => file?.write(Uint8Array.of(2), 0));
  file?.close();
});

Deno.test("MemoryDisk.crash() loses writes that were not synced", () => {
  const disk = new MemoryDisk();
  written(disk, "f/a", 1, 2);
  disk.syncFolder("f");
  disk.syncFolder("");
  const file = made(disk, "f/a");
  writeAll(file, Uint8Array.of(7, 8), 0);
  assert.deepEqual(disk.crash().bytes("f/a"), Uint8Array.of(1, 2));
});

Deno.test("MemoryDisk.crash() keeps as many unsynced bytes as asked", () => {
  const disk = new MemoryDisk();
  written(disk, "f/a", 1, 2);
  disk.syncFolder("f");
  disk.syncFolder("");
  writeAll(made(disk, "f/a"), Uint8Array.of(7, 8), 0);
  assert.deepEqual(disk.crash({ keepBytes: 1 }).bytes("f/a"), Uint8Array.of(7, 2));
});

Deno.test("MemoryDisk.crash() loses a name whose folder was not synced", () => {
  const disk = new MemoryDisk();
  disk.mkdir("f");
  disk.syncFolder("");
  written(disk, "f/a", 1);
  assert.deepEqual(disk.crash().list("f"), []);
});

Deno.test("MemoryDisk.crash() loses a folder whose own folder was not synced", () => {
  const disk = new MemoryDisk();
  written(disk, "f/a", 1);
  disk.syncFolder("f");
  assert.deepEqual(disk.crash().list("f"), []);
});

Deno.test("MemoryDisk.crash() undoes a rename whose folder was not synced", () => {
  const disk = new MemoryDisk();
  written(disk, "f/a", 1);
  disk.syncFolder("f");
  disk.syncFolder("");
  disk.rename("f/a", "f/b");
  assert.deepEqual(disk.crash().list("f"), ["a"]);
});

Deno.test("writeAll() goes on after short writes", () => {
  const disk = new MemoryDisk();
  disk.faults.writeBytesMax = 2;
  written(disk, "f/a", 1, 2, 3, 4, 5);
  assert.deepEqual(disk.bytes("f/a"), Uint8Array.of(1, 2, 3, 4, 5));
});

Deno.test("a full MemoryDisk fails like a full disk", () => {
  const disk = new MemoryDisk();
  disk.faults.spaceBytes = 3;
  assert.throws(() => written(disk, "f/a", 1, 2, 3, 4), (error) => isDiskFull(error));
});

Deno.test({
  name: "a full device fails with a code that isDiskFull() knows (skipped where there is no /dev/full)",
  ignore: Deno.build.os !== "linux",
  fn() {
    const file = Deno.openSync("/dev/full", { write: true });
    try {
      assert.throws(() => file.writeSync(Uint8Array.of(1)), (error) => isDiskFull(error));
    } finally {
      file.close();
    }
  },
});

Deno.test("ioRefusal() leaves a fault as it is", () => {
  const fault = new Error("Fault: no code");
  assert.equal(ioRefusal("Cannot x", fault), fault);
});

Deno.test("ioRefusal() names a disk without write permission", () => {
  const refusal = ioRefusal("Cannot x", Object.assign(new Error("denied"), { code: "EACCES" }));
  assert(refusal instanceof EngramError);
  assert.equal(refusal.code, "data_folder_read_only");
});
