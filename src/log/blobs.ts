/**
 * Blobs: module bytes, images and large payloads, by their SHA-256, in one flat folder.
 *
 * Invariants:
 * 1. `put` returns only after the file and its name are durable, so an entry may name the blob.
 * 2. A blob appears whole: written and synced under another name, then renamed, then its folder synced.
 * 3. What `get` returns has the hash it was asked by.
 */

import { assert, EngramError } from "../kernel/errors.ts";
import { sha256Hex } from "./codec.ts";
import { type Disk, ioRefusal, writeAll } from "./disk.ts";

/** The folder of blobs, below the data folder. */
export const blobsFolder = "blobs";

/** A store of immutable bytes by hash. Hashes are SHA-256 as 64 lower-case hexadecimal digits. */
export interface Blobs {
  /** Stores bytes durably and returns their hash. What is there already is checked once, and mended if damaged. */
  put(bytes: Uint8Array): string;
  /** The bytes of a hash. Errors: `blob_missing`, `log_corrupt` (the file does not have its hash). */
  get(sha: string): Uint8Array;
  /** Whether there is a file for a hash; its content is not read. */
  has(sha: string): boolean;
  /** All hashes, sorted. */
  list(): string[];
  /** Removes a blob durably, as erasing does; nothing happens if it is absent. */
  remove(sha: string): void;
}

/** The blobs of a disk. */
export function openBlobs(disk: Disk): Blobs {
  /** Hashes whose files were read or written whole by this object. */
  const checked = new Set<string>();
  const path = (sha: string) => {
    assert(/^[0-9a-f]{64}$/.test(sha), "a blob is named by 64 hexadecimal digits");
    return `${blobsFolder}/${sha}`;
  };

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

  function holds(sha: string): boolean {
    if (checked.has(sha)) return has(sha);
    const bytes = read(sha);
    return bytes !== null && sha256Hex(bytes) === sha;
  }

  function write(sha: string, bytes: Uint8Array): void {
    const temporary = `${path(sha)}.new`;
    disk.mkdir(blobsFolder);
    disk.remove(temporary);
    const file = disk.open(temporary, { create: true });
    assert(file !== null, "a created file opens");
    try {
      writeAll(file, bytes, 0);
      file.sync();
    } finally {
      file.close();
    }
    disk.rename(temporary, path(sha));
    disk.syncFolder(blobsFolder);
    disk.syncFolder("");
  }

  function has(sha: string): boolean {
    const file = disk.open(path(sha));
    file?.close();
    return file !== null;
  }

  return {
    put(bytes) {
      const sha = sha256Hex(bytes);
      try {
        if (!holds(sha)) write(sha, bytes);
      } catch (error) {
        throw ioRefusal(`Cannot store blob ${sha}`, error);
      }
      checked.add(sha);
      return sha;
    },
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
      checked.add(sha);
      return bytes;
    },
    has,
    list() {
      return disk.list(blobsFolder).filter((name) => /^[0-9a-f]{64}$/.test(name));
    },
    remove(sha) {
      if (!has(sha)) return;
      checked.delete(sha);
      disk.remove(path(sha));
      disk.syncFolder(blobsFolder);
    },
  };
}
