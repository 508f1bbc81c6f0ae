/**
 * MemoryDisk: the in-memory twin of the real disk, for tests and simulation, with faults on request.
 *
 * It keeps two states: what a reader sees now, and what would be left after a power loss (`durable`). Writes move
 * from the first to the second by sync, names by syncFolder.
 *
 * Invariants:
 * 1. Without faults it answers like the real disk; the same test suite runs on both.
 * 2. No clock, no randomness: the caller names each fault.
 */

import { type Disk, type DiskFile, type DiskOpen, writeAll } from "./disk.ts";

/** Faults that happen by themselves; each is off when absent. */
export interface DiskFaults {
  /** A write takes at most this many bytes. */
  writeBytesMax?: number;
  /** Bytes of file contents the disk can hold in all; the write that passes it takes what fits, then ENOSPC. */
  spaceBytes?: number;
  /** This many syncs from now succeed, every later one fails with EIO. */
  syncsUntilError?: number;
  /** Truncation fails with EIO. */
  truncateFails?: boolean;
  /** The power goes after this many more written bytes: the rest of that write is lost and every call fails. */
  writtenBytesUntilCrash?: number;
}

interface Change {
  readonly offset: number;
  /** Bytes written; null where the change is a truncation to `offset`. */
  readonly bytes: Uint8Array | null;
}

class Contents {
  #bytes = new Uint8Array(256);
  size = 0;

  static of(bytes: Uint8Array): Contents {
    const made = new Contents();
    made.write(bytes, 0);
    return made;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  write(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.view());
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, offset);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    if (size > this.size) return this.write(new Uint8Array(size - this.size), this.size);
    this.#bytes.fill(0, size, this.size);
    this.size = size;
  }

  apply(change: Change): void {
    if (change.bytes === null) this.truncate(change.offset);
    else this.write(change.bytes, change.offset);
  }
}

/** A file: what is seen, what is durable, and the changes between the two in order. */
interface Node {
  readonly seen: Contents;
  durable: Contents;
  pending: Change[];
}

const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

/** How much of what was not synced survives a power loss. */
export interface CrashOptions {
  /** Unsynced bytes kept, in order of writing; default 0. */
  readonly keepBytes?: number;
  /** Whether names made, renamed or removed without a folder sync are kept; default false. */
  readonly keepNames?: boolean;
}

/** An in-memory {@link Disk} with fault injection. */
export class MemoryDisk implements Disk {
  readonly faults: DiskFaults = {};
  #names = new Map<string, Node>();
  #durableNames = new Map<string, Node>();
  readonly #folders = new Set<string>([""]);
  readonly #durableFolders = new Set<string>([""]);
  #crashed = false;
  /** Syncs done, of files and folders. */
  syncs = 0;
  /** Bytes of file contents read. */
  bytesRead = 0;

  open(path: string, options: DiskOpen = {}): DiskFile | null {
    this.#alive();
    const createNew = options.createNew ?? false, create = createNew || (options.create ?? false);
    let node = this.#names.get(path);
    if (node !== undefined && createNew) return null;
    if (node === undefined) {
      if (!create) return null;
      if (!this.#folders.has(folderOf(path))) throw failure("ENOENT", `No folder for ${path}`);
      node = { seen: new Contents(), durable: new Contents(), pending: [] };
      this.#names.set(path, node);
    }
    return this.#handle(node, create || (options.write ?? false));
  }

  writeNewSoon(path: string, bytes: Uint8Array, done: (error: unknown) => void): boolean {
    setImmediate(() => {
      try {
        const file = this.open(path, { createNew: true });
        if (file === null) throw failure("EEXIST", `A file ${path} is there`);
        writeAll(file, bytes, 0);
      } catch (error) {
        return done(error);
      }
      done(null);
    });
    return true;
  }

  rename(from: string, to: string): void {
    this.#alive();
    const node = this.#names.get(from);
    if (node === undefined) throw failure("ENOENT", `No file ${from}`);
    this.#names.delete(from);
    this.#names.set(to, node);
  }

  remove(path: string): void {
    this.#alive();
    this.#names.delete(path);
  }

  list(folder: string): string[] {
    this.#alive();
    return [...this.#names.keys()].filter((path) => folderOf(path) === folder).map(nameOf).sort();
  }

  mkdir(folder: string): void {
    this.#alive();
    for (let path = folder; path !== ""; path = folderOf(path)) this.#folders.add(path);
  }

  syncFolder(folder: string): void {
    this.#sync();
    for (const path of this.#folders) if (folderOf(path) === folder) this.#durableFolders.add(path);
    for (const path of [...this.#durableNames.keys()]) {
      if (folderOf(path) === folder && !this.#names.has(path)) this.#durableNames.delete(path);
    }
    for (const [path, node] of this.#names) if (folderOf(path) === folder) this.#durableNames.set(path, node);
  }

  /** Turns bits of one byte. */
  flip(path: string, offset: number, mask: number): void {
    const node = this.#names.get(path);
    const byte = node?.seen.view()[offset];
    if (node === undefined || byte === undefined) throw failure("ENOENT", `No byte ${offset} in ${path}`);
    for (const contents of [node.seen, node.durable]) {
      if (offset < contents.size) contents.write(Uint8Array.of(byte ^ mask), offset);
    }
  }

  /** What a file holds now, as a copy. */
  bytes(path: string): Uint8Array {
    const node = this.#names.get(path);
    if (node === undefined) throw failure("ENOENT", `No file ${path}`);
    return node.seen.view().slice();
  }

  /** Sets what a file holds, durably. */
  put(path: string, bytes: Uint8Array): void {
    this.mkdir(folderOf(path));
    for (let folder = folderOf(path); folder !== ""; folder = folderOf(folder)) {
      this.#durableFolders.add(folder);
    }
    const node = { seen: Contents.of(bytes), durable: Contents.of(bytes), pending: [] };
    this.#names.set(path, node);
    this.#durableNames.set(path, node);
  }

  /** The disk as it is found after a power loss now; this one is left as it is. */
  crash(options: CrashOptions = {}): MemoryDisk {
    const found = new MemoryDisk();
    const keepNames = options.keepNames ?? false;
    let keep = options.keepBytes ?? 0;
    for (const [path, node] of keepNames ? this.#names : this.#durableNames) {
      if (!keepNames && !this.#folderLasts(folderOf(path))) continue;
      const contents = Contents.of(node.durable.view());
      for (const change of node.pending) {
        if (keep <= 0) break;
        if (change.bytes === null) {
          contents.apply(change);
          continue;
        }
        contents.write(change.bytes.subarray(0, keep), change.offset);
        keep -= change.bytes.length;
      }
      found.put(path, contents.view());
    }
    return found;
  }

  /** A copy of everything as it is seen now, all of it durable, without faults. */
  copy(): MemoryDisk {
    const made = new MemoryDisk();
    for (const folder of this.#folders) made.#folders.add(folder);
    for (const [path, node] of this.#names) made.put(path, node.seen.view());
    return made;
  }

  /** Whether a folder and all above it are durable. */
  #folderLasts(folder: string): boolean {
    return folder === "" || (this.#durableFolders.has(folder) && this.#folderLasts(folderOf(folder)));
  }

  #handle(node: Node, writable: boolean): DiskFile {
    const mayWrite = () => {
      this.#alive();
      if (!writable) throw failure("EBADF", "The file is open for reading only");
    };
    const syncFile = () => {
      this.#sync();
      for (const change of node.pending) node.durable.apply(change);
      node.pending = [];
    };
    return {
      read: (into, offset) => {
        this.#alive();
        const found = node.seen.view().subarray(offset, offset + into.length);
        into.set(found);
        this.bytesRead += found.length;
        return found.length;
      },
      write: (bytes, offset) => {
        mayWrite();
        return this.#write(node, bytes, offset);
      },
      truncate: (size) => {
        mayWrite();
        if (this.faults.truncateFails ?? false) throw failure("EIO", "Input/output error (injected)");
        node.seen.truncate(size);
        node.pending.push({ offset: size, bytes: null });
      },
      sync: syncFile,
      syncData: syncFile,
      syncDataSoon: (done) => {
        setImmediate(() => {
          try {
            syncFile();
          } catch (error) {
            return done(error);
          }
          done(null);
        });
        return true;
      },
      size: () => node.seen.size,
      close: () => {},
    };
  }

  #write(node: Node, bytes: Uint8Array, offset: number): number {
    const asked = Math.min(bytes.length, this.faults.writeBytesMax ?? bytes.length);
    const room = this.#room(node, offset);
    const untilCrash = this.faults.writtenBytesUntilCrash ?? Infinity;
    const taken = Math.min(asked, room, untilCrash);
    if (taken === 0 && asked > 0 && room === 0) throw failure("ENOSPC", "No space left on device (injected)");
    const part = bytes.slice(0, taken);
    node.seen.write(part, offset);
    node.pending.push({ offset, bytes: part });
    if (this.faults.writtenBytesUntilCrash !== undefined) this.faults.writtenBytesUntilCrash -= taken;
    if (asked > untilCrash) {
      this.#crashed = true;
      this.#alive();
    }
    return taken;
  }

  /** Bytes that can be written at `offset` before the disk is full. */
  #room(node: Node, offset: number): number {
    if (this.faults.spaceBytes === undefined) return Infinity;
    let used = 0;
    for (const other of this.#names.values()) used += other.seen.size;
    return Math.max(0, this.faults.spaceBytes - used + (node.seen.size - offset));
  }

  #sync(): void {
    this.#alive();
    if (this.faults.syncsUntilError !== undefined && this.faults.syncsUntilError-- <= 0) {
      throw failure("EIO", "Input/output error (injected)");
    }
    this.syncs += 1;
  }

  #alive(): void {
    if (this.#crashed) throw failure("ECRASH", "The disk lost its power (injected)");
  }
}

function folderOf(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut < 0 ? "" : path.slice(0, cut);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
