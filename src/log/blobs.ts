/**
 * Blobs: module bytes, images and large payloads, by their SHA-256, in one flat folder.
 *
 * Invariants:
 * 1. `put` and `putAll` return only after the file and its name are durable, so an entry may name the blob.
 * 2. A blob appears whole: written and synced under another name, then renamed, then its folder synced. One put by
 *    `putSoon` is written in its place and not synced: after a crash it may be missing or damaged, which a reader finds
 *    by its hash.
 * 3. What `get` returns has the hash it was asked by.
 * 4. What goes on in the background only makes files of what was put soon; who removes waits for it before.
 * 5. Files that a crash left unfinished are few, since their names are used again: `filesOpenMax` at most.
 */

import { assert, EngramError, refusals } from "../kernel/errors.ts";
import { sha256Hex } from "./codec.ts";
import { type Disk, type DiskFile, ioRefusal, writeAll } from "./disk.ts";

/** The folder of blobs, below the data folder. */
const blobsFolder = "blobs";

/** A store of immutable bytes by hash. Hashes are SHA-256 as 64 lower-case hexadecimal digits. */
export interface Blobs {
  /** Stores bytes durably and returns their hash. What is there already is checked once, and mended if damaged. */
  put(bytes: Uint8Array): string;
  /** {@link put} of several, for little more than one costs; hashes in their order. */
  putAll(all: readonly Uint8Array[]): string[];
  /** {@link putAll} by the next {@link writeSoon}, and without syncs: for what can be made again from the log. */
  putSoon(all: readonly Uint8Array[]): string[];
  /**
   * Writes what was put by {@link putSoon} and is not on its way; what finds no room stays. Errors: `disk_full`,
   * `io_failed`.
   */
  writeSoon(): void;
  /** The same in the background, where it can be had; what failed there is tried again here, with its errors. */
  beginSoon(): void;
  /** Whether something is on its way: it may make a file after that was removed. */
  readonly isWriting: boolean;
  /** Whether the file of this hash is being written: who removes it then finds it again. */
  writes(sha: string): boolean;
  /** Resolves when nothing is on its way. */
  settled(): Promise<void>;
  /** The bytes of a hash. Errors: `blob_missing`, `log_corrupt` (the file does not have its hash). */
  get(sha: string): Uint8Array;
  /** The first bytes of a hash's file, at most `count`; none where there is no file. The hash is not checked. */
  head(sha: string, count: number): Uint8Array;
  /** The hashes that have a file, in order. */
  hashes(): string[];
  /** Whether something waits for {@link writeSoon}. */
  readonly waits: boolean;
  /** Removes blobs durably, as erasing does; nothing happens to one that is absent. */
  remove(hashes: Iterable<string>): void;
  /** {@link remove} without a sync: after a power loss they may be there again. Errors: `io_failed`, `data_folder_read_only`. */
  removeSoon(hashes: Iterable<string>): void;
  /** Removes durably every file that `keeps` does not want, unfinished ones included (their sha is null). */
  removeOthers(keeps: (sha: string | null) => boolean): void;
}

/** Files of one {@link Blobs.putAll} that are open at once. */
const filesOpenMax = 64;

/** Hashes remembered as durable; of more, files are read and synced again. */
const durableMax = 100_000;

const isHash = /^[0-9a-f]{64}$/;

/** The blobs of a disk. */
export function openBlobs(disk: Disk): Blobs {
  /** Hashes whose files this object made durable, or found so. */
  const durable = new Set<string>();
  /** What was put to be written soon. */
  const soon = new Map<string, Uint8Array>();
  /** Of them, what is on its way, and what could not be written so. */
  const writing = new Map<string, Promise<void>>(), failed = new Set<string>();
  const path = (sha: string) => {
    assert(isHash.test(sha), "a blob is named by 64 hexadecimal digits");
    return `${blobsFolder}/${sha}`;
  };

  const temporary = (at: number) => `${blobsFolder}/${at}.new`;
  let folderIsMade = false, folderIsDurable = false;

  function read(sha: string, bytesMax = Infinity): Uint8Array | null {
    const file = disk.open(path(sha));
    if (file === null) return null;
    try {
      const bytes = new Uint8Array(Math.min(file.size(), bytesMax));
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

  /** Whether the file of a hash is there, whole, and durable when this returns. */
  function holds(sha: string): boolean {
    if (durable.has(sha)) return hasFile(sha);
    if (!isWhole(sha)) return false;
    sync(sha);
    return true;
  }

  function isWhole(sha: string): boolean {
    const bytes = read(sha);
    return bytes !== null && sha256Hex(bytes) === sha;
  }

  /** Writes them all, then syncs them all: one sync then carries most of the others' work. */
  function write(blobs: readonly (readonly [string, Uint8Array])[]): void {
    makeFolder();
    const files: DiskFile[] = [];
    try {
      for (const [at, [, bytes]] of blobs.entries()) {
        disk.remove(temporary(at));
        const file = disk.open(temporary(at), { create: true });
        assert(file !== null, "a created file opens");
        files.push(file);
        writeAll(file, bytes, 0);
      }
      for (const file of files) file.sync();
    } finally {
      for (const file of files) file.close();
    }
    for (const [at, [sha]] of blobs.entries()) disk.rename(temporary(at), path(sha));
    syncNames();
  }

  function makeFolder(): void {
    if (!folderIsMade) disk.mkdir(blobsFolder);
    folderIsMade = true;
  }

  /** Writes a file in its place, without a sync; one that is there is mended if it is damaged. */
  function writeUnsynced(sha: string, bytes: Uint8Array): void {
    makeFolder();
    const file = disk.open(path(sha), { createNew: true });
    if (file === null) {
      if (!isWhole(sha)) write([[sha, bytes]]);
      return;
    }
    try {
      writeAll(file, bytes, 0);
    } catch (error) {
      disk.remove(path(sha));
      throw error;
    } finally {
      file.close();
    }
  }

  /** Begins to write one file; false where that can't be had. */
  function begin(sha: string, bytes: Uint8Array): boolean {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = disk.writeNewSoon(path(sha), bytes, (error) => {
      writing.delete(sha);
      if (error === null) soon.delete(sha);
      else if (soon.has(sha)) failed.add(sha);
      resolve();
    });
    if (begun) writing.set(sha, promise);
    return begun;
  }

  function hasFile(sha: string): boolean {
    const file = disk.open(path(sha));
    file?.close();
    return file !== null;
  }

  function store(all: readonly Uint8Array[]): string[] {
    const hashes = all.map(sha256Hex);
    // What is forgotten is read and synced again when it is stored again.
    if (durable.size >= durableMax) durable.clear();
    const missing = new Map<string, Uint8Array>();
    all.forEach((bytes, at) => missing.set(hashes[at] ?? "", bytes));
    try {
      for (const sha of hashes) if (holds(sha)) missing.delete(sha);
      const blobs = [...missing];
      for (let at = 0; at < blobs.length; at += filesOpenMax) write(blobs.slice(at, at + filesOpenMax));
    } catch (error) {
      throw refusal(hashes[0], error);
    }
    for (const sha of hashes) {
      durable.add(sha);
      soon.delete(sha);
    }
    return hashes;
  }

  /** Removes files; whether there were any. */
  function removeAll(hashes: Iterable<string>): boolean {
    let removed = false;
    for (const sha of hashes) {
      soon.delete(sha);
      failed.delete(sha);
      if (!hasFile(sha)) continue;
      durable.delete(sha);
      disk.remove(path(sha));
      removed = true;
    }
    return removed;
  }

  const refusal = (sha: string | undefined, error: unknown) => ioRefusal(`Cannot store blob ${sha}`, error);

  return {
    put(bytes) {
      const [sha] = store([bytes]);
      assert(sha !== undefined, "a blob has a hash");
      return sha;
    },
    putAll: store,
    putSoon: (all) =>
      all.map((bytes) => {
        const sha = sha256Hex(bytes);
        if (!durable.has(sha)) soon.set(sha, bytes);
        return sha;
      }),
    writeSoon() {
      for (const [sha, bytes] of soon) {
        if (writing.has(sha)) continue;
        try {
          writeUnsynced(sha, bytes);
        } catch (error) {
          failed.add(sha);
          throw refusal(sha, error);
        }
        soon.delete(sha);
        failed.delete(sha);
      }
    },
    beginSoon() {
      if (failed.size > 0) return this.writeSoon();
      if (soon.size > 0) makeFolder();
      for (const [sha, bytes] of soon) {
        if (writing.size >= filesOpenMax) return;
        if (!writing.has(sha) && !begin(sha, bytes)) return this.writeSoon();
      }
    },
    get isWriting() {
      return writing.size > 0;
    },
    writes: (sha) => writing.has(sha),
    async settled() {
      await Promise.all(writing.values());
    },
    get(sha) {
      const bytes = soon.get(sha) ?? read(sha);
      if (bytes === null) {
        throw new EngramError("blob_missing", `Cannot read blob ${sha}: it is not there`, { sha });
      }
      if (sha256Hex(bytes) !== sha) {
        durable.delete(sha);
        const message = `Cannot read blob ${sha}: the file does not have this hash`;
        throw new EngramError("log_corrupt", message, { sha }, refusals.blob_missing.hint);
      }
      return bytes;
    },
    head: (sha, count) => soon.get(sha)?.subarray(0, count) ?? read(sha, count) ?? new Uint8Array(0),
    hashes: () => disk.list(blobsFolder).filter((name) => isHash.test(name)),
    get waits() {
      return soon.size > 0;
    },
    remove(hashes) {
      if (removeAll(hashes)) disk.syncFolder(blobsFolder);
    },
    removeSoon(hashes) {
      try {
        removeAll(hashes);
      } catch (error) {
        throw ioRefusal("Cannot remove blobs", error);
      }
    },
    removeOthers(keeps) {
      const gone = disk.list(blobsFolder).filter((name) => !keeps(isHash.test(name) ? name : null));
      for (const sha of soon.keys()) {
        if (!keeps(sha)) soon.delete(sha);
      }
      for (const sha of failed) if (!soon.has(sha)) failed.delete(sha);
      for (const name of gone) {
        durable.delete(name);
        disk.remove(`${blobsFolder}/${name}`);
      }
      if (gone.length > 0) disk.syncFolder(blobsFolder);
    },
  };
}
