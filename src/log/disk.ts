/**
 * Disk: the few file operations the log and the blobs need, synchronous, at explicit offsets.
 *
 * Owns: the interface, the real disk. The in-memory twin with faults is memory_disk.ts; one test suite runs on both.
 * Does not own: what is written, and what an error means to a caller (see {@link isDiskFull}, {@link ioRefusal}).
 *
 * Invariants:
 * 1. Paths are relative to the disk's root, with "/" between their parts, on every platform.
 * 2. Nothing is durable before `sync` or `syncData` of its file; no new, renamed or removed name is durable before
 *    `syncFolder` of its folder.
 * 3. Errors come as the platform gives them, with `code` (ENOSPC, EIO …); no call is repeated here.
 */

import { EngramError } from "../kernel/errors.ts";

/** An open file. */
export interface DiskFile {
  /** Reads at `offset` until `into` is full or the file ends; returns the bytes read. */
  read(into: Uint8Array, offset: number): number;
  /** Writes at `offset`; returns how many bytes were taken, which may be fewer than given. */
  write(bytes: Uint8Array, offset: number): number;
  /** Sets the size in bytes. */
  truncate(size: number): void;
  /** Makes contents and metadata durable. */
  sync(): void;
  /** Makes contents durable, with the metadata needed to read them back. */
  syncData(): void;
  /**
   * Begins {@link syncData} of what is written by now, and goes on; `done` is called once in a later turn, with the error
   * or null. False where that can't be had: nothing was begun.
   */
  syncDataSoon(done: (error: unknown) => void): boolean;
  /** The size in bytes. */
  size(): number;
  close(): void;
}

/** How to open a file. */
export interface DiskOpen {
  /** Also for writing. */
  readonly write?: boolean;
  /** Make it if it is absent (implies write). */
  readonly create?: boolean;
  /** Make it, and only if it is absent (implies write). */
  readonly createNew?: boolean;
}

/** A folder tree. */
export interface Disk {
  /** Opens a file; null if it does not exist and was not to be made, or exists and was to be new. */
  open(path: string, options?: DiskOpen): DiskFile | null;
  /**
   * Begins to make a file of some bytes, which must not change any more, and goes on; `done` is called once in a later
   * turn, with the error or null. A file that is there is an error and left as it is. False where that can't be had.
   */
  writeNewSoon(path: string, bytes: Uint8Array, done: (error: unknown) => void): boolean;
  /** Renames, replacing what has the new name. */
  rename(from: string, to: string): void;
  /** Removes a file; nothing happens if it is absent. */
  remove(path: string): void;
  /** File names in a folder, sorted; empty if the folder is absent. */
  list(folder: string): string[];
  /** Makes a folder and those above it. */
  mkdir(folder: string): void;
  /** Makes the names in a folder durable ("" is the root). */
  syncFolder(folder: string): void;
}

/** Writes all of `bytes` at `offset`, however short each write is. */
export function writeAll(file: DiskFile, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) {
    const taken = file.write(done === 0 ? bytes : bytes.subarray(done), offset + done);
    if (taken <= 0) throw Object.assign(new Error("The disk took no byte of a write"), { code: "EIO" });
    done += taken;
  }
}

/** Codes of a full disk that Deno tells by their number alone, by the system's number. */
const numbered: Readonly<Record<string, string>> = Deno.build.os === "windows"
  ? { "39": "ENOSPC", "112": "ENOSPC" }
  : { "27": "EFBIG", [Deno.build.os === "linux" ? "122" : "69"]: "EDQUOT" };

/** The operating system's code of an error (ENOSPC, EIO …), or "". */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return numbered[/\(os error (\d+)\)/.exec(error.message)?.[1] ?? ""] ?? "";
}

/** Whether an error says that no space is left: on the device, in the quota, or for a file of this size. */
export function isDiskFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(errorCode(error));
}

/** The refusal for an error of the operating system; refusals and faults pass through as they are. */
export function ioRefusal(action: string, error: unknown): Error {
  if (error instanceof EngramError) return error;
  const code = errorCode(error);
  if (!(error instanceof Error) || code === "") {
    return error instanceof Error ? error : new Error(String(error));
  }
  const state = `${action}: ${error.message}`;
  if (isDiskFull(error)) return new EngramError("disk_full", state, { system: code });
  if (["EACCES", "EPERM", "EROFS"].includes(code)) {
    return new EngramError("data_folder_read_only", state, { system: code });
  }
  return new EngramError("io_failed", state, { system: code });
}

class RealFile implements DiskFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  /** The same file, for syncs in the background: a call that goes on would keep the first from others. */
  #second: Deno.FsFile | null = null;

  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  read(into: Uint8Array, offset: number): number {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    let done = 0;
    while (done < into.length) {
      const taken = this.#file.readSync(done === 0 ? into : into.subarray(done));
      if (taken === null || taken === 0) break;
      done += taken;
    }
    return done;
  }

  write(bytes: Uint8Array, offset: number): number {
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    return this.#file.writeSync(bytes);
  }

  truncate(size: number): void {
    this.#file.truncateSync(size);
  }

  sync(): void {
    this.#file.syncSync();
  }

  syncData(): void {
    this.#file.syncDataSync();
  }

  syncDataSoon(done: (error: unknown) => void): boolean {
    // Only Linux tells each open file of a failed write once: elsewhere a sync here might not hear of one there.
    if (Deno.build.os !== "linux") return false;
    this.#second ??= Deno.openSync(this.#path, { read: true, write: true });
    this.#second.syncData().then(() => done(null), done);
    return true;
  }

  size(): number {
    return this.#file.seekSync(0, Deno.SeekMode.End);
  }

  close(): void {
    this.#file.close();
    this.#second?.close();
  }
}

/** The real disk below `root`, a folder path. The root itself is made when the first folder is. */
export function realDisk(root: string): Disk {
  const at = (path: string) => path === "" ? root : `${root}/${path}`;
  return {
    open(path, options = {}) {
      const create = options.create ?? false, createNew = options.createNew ?? false;
      const write = create || createNew || (options.write ?? false);
      try {
        return new RealFile(Deno.openSync(at(path), { read: true, write, create, createNew }), at(path));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound && !create && !createNew) return null;
        if (error instanceof Deno.errors.AlreadyExists && createNew) return null;
        throw error;
      }
    },
    writeNewSoon(path, bytes, done) {
      Deno.writeFile(at(path), bytes, { createNew: true }).then(() => done(null), done);
      return true;
    },
    rename(from, to) {
      Deno.renameSync(at(from), at(to));
    },
    remove(path) {
      try {
        Deno.removeSync(at(path));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
    list(folder) {
      const names: string[] = [];
      try {
        for (const item of Deno.readDirSync(at(folder))) if (item.isFile) names.push(item.name);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      return names.sort();
    },
    mkdir(folder) {
      Deno.mkdirSync(at(folder), { recursive: true });
    },
    syncFolder(folder) {
      // Windows has no handle on a folder that can be flushed; NTFS journals names itself.
      if (Deno.build.os === "windows") return;
      const file = Deno.openSync(at(folder), { read: true });
      try {
        file.syncSync();
      } finally {
        file.close();
      }
    },
  };
}
