/** The two disks every suite of the log runs on, and small entries to fill logs with. */

import { Payload } from "../../../src/kernel/payload.ts";
import {
  type BesidePayload,
  decodeSection,
  type Disk,
  type EncodedEntry,
  encodeEntry,
  type Log,
  MemoryDisk,
  realDisk,
} from "../../../src/log/mod.ts";

/** Runs a test on the disk in memory and on the real one, in a temporary folder that is removed after it. */
export function onEachDisk(name: string, test: (disk: Disk) => void | Promise<void>): void {
  Deno.test(`${name} [memory]`, () => test(new MemoryDisk()));
  Deno.test(`${name} [real]`, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "engramlt-log-" });
    try {
      await test(realDisk(`${folder}/data`));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

/** Salts 1, 2, 3 … as 16 equal bytes. */
export function countingSalts(from = 0): () => Uint8Array {
  let n = from;
  return () => new Uint8Array(16).fill(++n);
}

/** A small entry with one payload, telling its number. */
export function entry(n: number, text = `text ${n}`): EncodedEntry {
  return encodeEntry({ n, text: Payload.text(text) }, countingSalts(n));
}

/** What lies beside an entry's body. */
export function besideOf({ section, payloadCount }: EncodedEntry): BesidePayload[] {
  return decodeSection(section, payloadCount);
}

/** Appends entries numbered from the log's next index. */
export function fill(log: Log, count: number): void {
  for (let i = 0; i < count; i++) log.append(entry(log.next));
}

/** All bytes of a file. */
export function fileBytes(disk: Disk, path: string): Uint8Array {
  const file = disk.open(path);
  if (file === null) throw new Error(`No file ${path}`);
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  file.close();
  return bytes;
}

/** Replaces a file by these bytes. */
export function setFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const file = disk.open(path, { create: true });
  if (file === null) throw new Error(`No file ${path}`);
  file.truncate(0);
  file.write(bytes, 0);
  file.sync();
  file.close();
}

/** The path of the first segment. */
export const firstSegment = "log/0000000000000000.log";
