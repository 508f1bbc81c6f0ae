/**
 * Blobs: module bytes, images and large payloads, by their SHA-256, in one flat folder.
 *
 * Invariants:
 * 1. `put` and `putAll` return only after the file and its name are durable, so an entry may name the blob.
 * 2. A blob appears whole: written and synced under another name, then renamed, then its folder synced. One put by
 *    `putSoon` is not synced: after a power loss it may be missing or damaged, which a reader finds by its hash.
 * 3. What `get` returns has the hash it was asked by.
 * 4. Files that a crash left unfinished are few, since their names are used again: `filesOpenMax` at most.
 */

import { assert, EngramError } from "../kernel/errors.ts";
import { sha256Hex } from "./codec.ts";
import { type Disk, type DiskFile, ioRefusal, writeAll } from "./disk.ts";

/** The folder of blobs, below the data folder. */
export const blobsFolder = "blobs";

/** A store of immutable bytes by hash. Hashes are SHA-256 as 64 lower-case hexadecimal digits. */
export interface Blobs {
  /** Stores bytes durably and returns their hash. What is there already is checked once, and mended if damaged. */
  put(bytes: Uint8Array): string;
  /** {@link put} of several, for little more than one costs; hashes in their order. */
  putAll(all: readonly Uint8Array[]): string[];
  /** {@link putAll} without waiting for the disk: for what can be made again from the log. */
  putSoon(all: readonly Uint8Array[]): string[];
  /** The bytes of a hash. Errors: `blob_missing`, `log_corrupt` (the file does not have its hash). */
  get(sha: string): Uint8Array;
  /** Whether there is a file for a hash; its content is not read. */
  has(sha: string): boolean;
  /** All hashes, sorted. */
  list(): string[];
  /** Removes a blob durably, as erasing does; nothing happens if it is absent. */
  remove(sha: string): void;
  /** Removes durably every file that `keeps` does not want, unfinished ones included (their sha is null). */
  removeOthers(keeps: (sha: string | null) => boolean): void;
}

/** Files of one {@link Blobs.putAll} that are open at once. */
const filesOpenMax = 64;

/** Hashes remembered as checked; of more, files are read again. */
const checkedMax = 100_000;

const isHash = /^[0-9a-f]{64}$/;

/** The blobs of a disk. */
export function openBlobs(disk: Disk): Blobs {
  /** Hashes whose files were read or written whole by this object. */
  const checked = new Set<string>();
  /** Hashes whose files were written by this object and not synced. */
  const unsynced = new Set<string>();
  const path = (sha: string) => {
    assert(isHash.test(sha), "a blob is named by 64 hexadecimal digits");
    return `${blobsFolder}/${sha}`;
  };

  const temporary = (at: number) => `${blobsFolder}/${at}.new`;
  let folderIsDurable = false;

  function read(sha: string): Uint8Array | null {
    const file = disk.open(path(sha));
    if (file === null) return null;
    try {
      const bytes = new Uint8Array(file.size());
      return bytes.subarray(0, file.read(bytes, 0));
    } finally {
      file.close();
    }
  }

  function syncNames(): void {
    disk.syncFolder(blobsFolder);
    if (!folderIsDurable) disk.syncFolder("");
    folderIsDurable = true;
  }

  /** Makes a file durable that another process may have written and not synced. */
  function sync(sha: string): void {
    const file = disk.open(path(sha));
    try {
      file?.sync();
    } finally {
      file?.close();
    }
    syncNames();
  }

  function holds(sha: string, durably: boolean): boolean {
    if (durably && unsynced.has(sha)) return false;
    if (checked.has(sha)) return has(sha);
    const bytes = read(sha);
    if (bytes === null || sha256Hex(bytes) !== sha) return false;
    if (durably) sync(sha);
    return true;
  }

  /** Writes them all, then syncs them all if `durably`: one sync then carries most of the others' work. */
  function write(blobs: readonly (readonly [string, Uint8Array])[], durably: boolean): void {
    disk.mkdir(blobsFolder);
    const files: DiskFile[] = [];
    try {
      for (const [at, [, bytes]] of blobs.entries()) {
        disk.remove(temporary(at));
        const file = disk.open(temporary(at), { create: true });
        assert(file !== null, "a created file opens");
        files.push(file);
        writeAll(file, bytes, 0);
      }
      if (durably) { for (const file of files) file.sync(); }
    } finally {
      for (const file of files) file.close();
    }
    for (const [at, [sha]] of blobs.entries()) disk.rename(temporary(at), path(sha));
    if (!durably) {
      for (const [sha] of blobs) unsynced.add(sha);
      return;
    }
    for (const [sha] of blobs) unsynced.delete(sha);
    syncNames();
  }

  function has(sha: string): boolean {
    const file = disk.open(path(sha));
    file?.close();
    return file !== null;
  }

  function store(all: readonly Uint8Array[], durably: boolean): string[] {
    const hashes = all.map(sha256Hex);
    // Both together: what is in neither is read and synced again when it is asked for.
    if (checked.size >= checkedMax) {
      checked.clear();
      unsynced.clear();
    }
    const missing = new Map<string, Uint8Array>();
    all.forEach((bytes, at) => missing.set(hashes[at] ?? "", bytes));
    const [first] = hashes;
    try {
      for (const sha of hashes) if (holds(sha, durably)) missing.delete(sha);
      const blobs = [...missing];
      for (let at = 0; at < blobs.length; at += filesOpenMax) {
        write(blobs.slice(at, at + filesOpenMax), durably);
      }
    } catch (error) {
      throw ioRefusal(`Cannot store blob ${first}`, error);
    }
    for (const sha of hashes) checked.add(sha);
    return hashes;
  }

  return {
    put(bytes) {
      const [sha] = store([bytes], true);
      assert(sha !== undefined, "a blob has a hash");
      return sha;
    },
    putAll: (all) => store(all, true),
    putSoon: (all) => store(all, false),
    get(sha) {
      const bytes = read(sha);
      if (bytes === null) {
        throw new EngramError("blob_missing", `Cannot read blob ${sha}: it is not there`, { sha });
      }
      if (sha256Hex(bytes) !== sha) {
        checked.delete(sha);
        throw new EngramError("log_corrupt", `Cannot read blob ${sha}: the file does not have this hash`, {
          sha,
        });
      }
      if (checked.size < checkedMax) checked.add(sha);
      return bytes;
    },
    has,
    list() {
      return disk.list(blobsFolder).filter((name) => isHash.test(name));
    },
    remove(sha) {
      if (!has(sha)) return;
      checked.delete(sha);
      unsynced.delete(sha);
      disk.remove(path(sha));
      disk.syncFolder(blobsFolder);
    },
    removeOthers(keeps) {
      const gone = disk.list(blobsFolder).filter((name) => !keeps(isHash.test(name) ? name : null));
      for (const name of gone) {
        checked.delete(name);
        unsynced.delete(name);
        disk.remove(`${blobsFolder}/${name}`);
      }
      if (gone.length > 0) disk.syncFolder(blobsFolder);
    },
  };
}
