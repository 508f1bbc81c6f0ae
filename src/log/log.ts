/**
 * The append-only log: the one thing that is durable by itself; every other state is made from it.
 *
 * Owns: the order of entries, the hash chain, one sync an entry, recovery of the tail, segments and their preallocation.
 * Does not own: what an entry means, salts and time (the runtime's), the lock that makes one process the owner.
 *
 * Invariants:
 * 1. `append` returns only after its frame was synced, but for one that may wait: `sync`, `syncSoon` or the next frame
 *    syncs it. Entry i has index i; hash(i) = stateHash(hash(i − 1), body(i)).
 * 2. A failed sync is never retried: what the disk then holds is unknown, so this log refuses everything after it with
 *    `outcome_unknown`. A write that failed and was taken back (truncated and synced) leaves the log usable.
 * 3. Nothing is ever cut but a torn last frame above the graph's applied index (segment.ts says what torn is). All other
 *    damage is `log_corrupt`, named by segment, offset and index, and the files stay as they are.
 * 4. A segment appears whole: its header is written and synced under another name, then renamed, then its folder synced.
 * 5. Opening reads the last segment from its last mark on, not the whole log. `verify` reads everything.
 */

import { assert, EngramError } from "../kernel/errors.ts";
import {
  type Body,
  decodeEntry,
  digestBytes,
  type EncodedEntry,
  sameBytes,
  stateHash,
  type StoredPayload,
} from "./codec.ts";
import { type Disk, type DiskFile, ioRefusal, isDiskFull, writeAll } from "./disk.ts";
import {
  decodeFrame,
  encodeFrame,
  encodeSegmentHeader,
  frameBytesMax,
  frameBytesOf,
  frameHash,
  segmentHeaderBytes,
} from "./frame.ts";
import { erasePayloads, type Erasure } from "./repair.ts";
import { type Found, listSegments, logFolder, marksPath, Segment, segmentPath } from "./segment.ts";
import { checkPayloads, corrupt, type LogPlace, walk } from "./walk.ts";

/** Defaults of {@link LogOptions}; none of them changes a result. */
const logDefaults = { segmentBytesMax: 64 * 1024 * 1024, preallocateBytes: 256 * 1024 } as const;

/** How to open a log. */
export interface LogOptions {
  /** Changes nothing on the disk: a torn tail is reported, not cut; append is a fault. */
  readonly readOnly?: boolean;
  /** A new segment is begun before a frame would pass this size, in bytes. */
  readonly segmentBytesMax?: number;
  /** The file grows by zeros in steps of this many bytes, so that most syncs need no metadata; 0: never. */
  readonly preallocateBytes?: number;
  /** The last entry that the graph holds; null if it holds none. */
  readonly appliedIndex?: number | null;
}

/** What opening found. */
export interface LogReport {
  /** The torn last frame that was cut (or would be, if read-only), with the bytes lost; null if there was none. */
  readonly cut: LogPlace & { readonly bytes: number } | null;
}

/** An entry read back. */
export interface LogEntry {
  readonly index: number;
  readonly body: Body;
  readonly bodyBytes: Uint8Array;
  readonly payloads: readonly StoredPayload[];
  /** The chain hash after this entry. */
  readonly hash: Uint8Array;
}

/** The result of a full walk. */
export interface LogVerdict {
  readonly ok: boolean;
  /** Entries that hold, counted from the first. */
  readonly entries: number;
  /** The first thing that does not. */
  readonly first?: LogPlace & { readonly what: string };
}

/** An open log. All calls are synchronous. */
export interface Log {
  /** The index of the next entry; 0 for an empty log. */
  readonly next: number;
  /** The chain hash after the last entry; 32 zero bytes for an empty log. */
  readonly hash: Uint8Array;
  readonly report: LogReport;
  /**
   * Appends one entry and syncs it, unless it may wait for {@link sync}. Errors: `disk_full`, `io_failed` (nothing
   * happened), `outcome_unknown` (fatal).
   */
  append(entry: EncodedEntry, options?: { readonly mayWait?: boolean }): { index: number; hash: Uint8Array };
  /** Makes entries durable that were appended and wait. Errors: `outcome_unknown` (fatal). */
  sync(): void;
  /** Reads one entry. Errors: `log_corrupt`; an index outside the log is a fault. */
  read(index: number): LogEntry;
  /** Reads entries in order, from `from` to the last one there is when it is reached; checks the chain on the way. */
  entries(from: number): Generator<LogEntry, void>;
  /** The chain hash after entry `index`; −1 asks for the one before the first entry. */
  hashAt(index: number): Uint8Array;
  /** Reads everything: frames, checksums, chain, payload digests. Finds the first difference; throws for none. */
  verify(): LogVerdict;
  /**
   * Forgets salts and contents of payloads (repair.ts) and goes on with the rewritten files; how many were erased.
   * Errors: those of {@link erasePayloads}; each segment is then as it was or rewritten whole, and the log goes on.
   */
  erase(erasure: Erasure): number;
  /**
   * Of a log opened to read: takes in what its owner appended since. Errors: those of opening it.
   * Not for one that was rewritten (`erase`, `log repair`): that is to be opened again.
   */
  follow(): void;
  /** Closes the files. Using the log after it is a fault. */
  close(): void;
}

/** A log that was opened here: it can be synced in the background, too. */
export interface OpenLog extends Log {
  /** Begins {@link sync} in the background, one at a time; false where that can't be had. A failure ends the log. */
  syncSoon(): boolean;
  /** Whether a sync goes on in the background. */
  readonly isSyncing: boolean;
  /** Entries below this index are durable. */
  readonly synced: number;
  /** Resolves when nothing goes on in the background. */
  settled(): Promise<void>;
}

/**
 * Opens the log of a disk, made if absent at the first append. Cuts a torn tail.
 * Errors: `log_corrupt`, `log_missing` (it ends before `appliedIndex`), `data_folder_newer`, `io_failed`.
 */
export function openLog(disk: Disk, options: LogOptions = {}): OpenLog {
  try {
    return SegmentedLog.open(disk, options);
  } catch (error) {
    throw ioRefusal("Cannot open the log", error);
  }
}

class SegmentedLog implements OpenLog {
  next = 0;
  hash: Uint8Array = new Uint8Array(digestBytes);
  report: LogReport = { cut: null };
  readonly #disk: Disk;
  readonly #readOnly: boolean;
  readonly #segmentBytesMax: number;
  readonly #preallocateBytes: number;
  /** First indexes of all segments. */
  #firsts: number[] = [];
  /** The last segment; null while the log is empty. */
  #last: Segment | null = null;
  /** An older segment that was read last. */
  #older: Segment | null = null;
  /** Where the next frame goes in the last segment, and how far its zeros reach. */
  #end = 0;
  #fileBytes = 0;
  #marksFile: DiskFile | null = null;
  #buffer = new Uint8Array(64 * 1024);
  #state: "open" | "failed" | "closed" = "open";
  synced = 0;
  /** A sync in the background. */
  #syncing: Promise<void> | null = null;

  private constructor(disk: Disk, options: LogOptions) {
    this.#disk = disk;
    this.#readOnly = options.readOnly ?? false;
    this.#segmentBytesMax = options.segmentBytesMax ?? logDefaults.segmentBytesMax;
    this.#preallocateBytes = options.preallocateBytes ?? logDefaults.preallocateBytes;
  }

  static open(disk: Disk, options: LogOptions): SegmentedLog {
    const log = new SegmentedLog(disk, options);
    try {
      log.#recover(options.appliedIndex ?? null);
    } catch (error) {
      log.close();
      throw error;
    }
    return log;
  }

  append(
    entry: EncodedEntry,
    { mayWait = false }: { readonly mayWait?: boolean } = {},
  ): { index: number; hash: Uint8Array } {
    this.#usable();
    assert(!this.#readOnly, "append to a log that is open for reading only");
    const bytes = frameBytesOf(entry);
    if (bytes > frameBytesMax) {
      throw new EngramError(
        "payload_too_large",
        `Cannot log an entry of ${bytes} bytes: the most is ${frameBytesMax}`,
      );
    }
    const index = this.next;
    const hash = stateHash(this.hash, entry.bodyBytes);
    const last = this.#last;
    const segment = last === null || (this.#end + bytes > this.#segmentBytesMax && index > last.header.first)
      ? this.#roll()
      : last;
    this.#write(segment, entry, index, hash, bytes);
    if (!mayWait) this.#syncData(segment);
    segment.note(index, this.#end);
    this.#end += bytes;
    this.next = index + 1;
    this.hash = hash;
    if (!mayWait) this.#durable(this.next);
    return { index, hash };
  }

  sync(): void {
    if (this.synced === this.next || this.#last === null) return;
    this.#usable();
    this.#syncData(this.#last);
    this.#durable(this.next);
  }

  /** Entries below `index` are durable now. */
  #durable(index: number): void {
    this.synced = Math.max(this.synced, index);
    const segment = this.#last;
    const marks = segment?.marksToSave(this.synced) ?? 0; // no mark names a frame that may be lost
    if (segment !== null && marks > 0) this.#saveMarks(segment, marks);
  }

  syncSoon(): boolean {
    this.#usable();
    const { next } = this;
    if (this.#last === null || this.isSyncing) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = this.#last.file.syncDataSoon((error) => {
      this.#syncing = null;
      if (this.#state === "open") {
        if (error === null) this.#durable(next);
        else this.#state = "failed";
      }
      resolve();
    });
    if (begun) this.#syncing = promise;
    return begun;
  }

  get isSyncing(): boolean {
    return this.#syncing !== null;
  }

  settled(): Promise<void> {
    return this.#syncing ?? Promise.resolve();
  }

  read(index: number): LogEntry {
    return this.#decode(this.#find(index));
  }

  *entries(from: number): Generator<LogEntry, void> {
    let hash: Uint8Array | null = null;
    let place: LogPlace | null = null;
    let after = 0;
    for (let index = from; index < this.next; index++) {
      const { found, segment, offset } = this.#find(
        index,
        place === null ? null : { ...place, offset: after },
      );
      const entry = this.#decode({ found, segment, offset });
      if (hash !== null && !sameBytes(stateHash(hash, entry.bodyBytes), entry.hash)) {
        throw corrupt({ segment: segment.path, offset, index }, "the entry does not continue the hash chain");
      }
      hash = entry.hash;
      place = { segment: segment.path, offset, index };
      after = offset + found.header.frameBytes;
      yield entry;
    }
  }

  hashAt(index: number): Uint8Array {
    this.#usable();
    if (index === this.next - 1) return this.hash;
    if (index === -1) return new Uint8Array(digestBytes);
    const { found } = this.#find(index);
    return frameHash(found.bytes, found.header);
  }

  verify(): LogVerdict {
    this.#usable();
    let entries = 0;
    let hash: Uint8Array = new Uint8Array(digestBytes);
    for (const step of walk(this.#disk, this.next)) {
      const what = step.frame === undefined ? step.what : checkPayloads(step.frame);
      if (what !== null) return { ok: false, entries, first: { ...step.place, what } };
      if (step.frame !== undefined) hash = step.frame.hash;
      entries += 1;
    }
    if (!sameBytes(hash, this.hash)) {
      const place = { segment: this.#last?.path ?? logFolder, offset: this.#end, index: this.next };
      return {
        ok: false,
        entries,
        first: { ...place, what: "the chain does not end at the hash it was opened with" },
      };
    }
    return { ok: true, entries };
  }

  erase(erasure: Erasure): number {
    this.#usable();
    assert(!this.#readOnly, "erase in a log that is open for reading only");
    this.sync();
    const { next, hash } = this;
    this.close();
    try {
      return erasePayloads(this.#disk, erasure);
    } finally {
      this.#state = "open";
      this.#recover(next - 1);
      assert(this.next === next && sameBytes(this.hash, hash), "erasing changes no entry and no hash");
    }
  }

  follow(): void {
    this.#usable();
    assert(this.#readOnly, "the owner of a log follows nobody");
    const last = this.#last;
    if (last !== null && last.header.first === listSegments(this.#disk).at(-1)) {
      last.written();
      return this.#scan(last, { index: this.next, offset: this.#end, hash: this.hash }, null);
    }
    this.close();
    this.#state = "open";
    this.#recover(null);
  }

  close(): void {
    this.#last?.close();
    this.#older?.close();
    this.#marksFile?.close();
    this.#last = this.#older = this.#marksFile = null;
    this.#state = "closed";
  }

  /** Finds the end of the log, and cuts a torn tail. */
  #recover(appliedIndex: number | null): void {
    if (!this.#readOnly) this.#removeUnfinished();
    this.#firsts = listSegments(this.#disk);
    const first = this.#firsts.at(-1);
    if (first !== undefined) {
      const segment = Segment.open(this.#disk, first, !this.#readOnly);
      if (typeof segment === "string") {
        throw corrupt({ segment: segmentPath(first), offset: 0, index: first }, segment);
      }
      this.#last = segment;
      this.#fileBytes = segment.file.size();
      this.#scanTail(segment, appliedIndex);
    }
    if (appliedIndex !== null && appliedIndex >= this.next) {
      throw new EngramError(
        "log_missing",
        `Cannot open the log: it ends before entry ${this.next}, the memory graph holds entry ${appliedIndex}`,
        { next: this.next, appliedIndex },
      );
    }
  }

  /** Removes what a crash left of a file that was to be renamed into place. */
  #removeUnfinished(): void {
    for (const name of this.#disk.list(logFolder)) {
      if (name.endsWith(".new")) this.#disk.remove(`${logFolder}/${name}`);
    }
  }

  #scanTail(segment: Segment, appliedIndex: number | null): void {
    const { index, offset } = segment.nearest(Infinity);
    const hash = index === segment.header.first ? segment.header.previous : null;
    this.#scan(segment, { index, offset, hash }, appliedIndex);
  }

  /** Walks from a frame to the end of the last segment; `hash` is the chain's before it, null where it is not known. */
  #scan(
    segment: Segment,
    from: { readonly index: number; readonly offset: number; readonly hash: Uint8Array | null },
    appliedIndex: number | null,
  ): void {
    let { index, offset, hash } = from;
    for (;;) {
      const found = this.#readOnly ? settledAt(segment, offset, index) : segment.at(offset, index);
      const place = { segment: segment.path, offset, index };
      if (found.kind === "corrupt") throw corrupt(place, found.what);
      if (found.kind === "torn") {
        if (appliedIndex !== null && appliedIndex >= index) {
          throw corrupt(place, "the frame is not whole, yet the memory graph holds its entry");
        }
        this.report = { cut: { ...place, bytes: found.bytes } };
        if (!this.#readOnly) this.#cut(segment, offset);
        break;
      }
      if (found.kind === "end") break;
      const frame = decodeFrame(found.bytes, found.header);
      if (hash !== null && !sameBytes(stateHash(hash, frame.bodyBytes), frame.hash)) {
        throw corrupt(place, "the entry does not continue the hash chain");
      }
      hash = frame.hash;
      segment.note(index, offset);
      offset += found.header.frameBytes;
      index += 1;
    }
    assert(hash !== null, "a scan begins at a frame or at the header");
    this.next = index;
    this.synced = index;
    this.hash = hash;
    this.#end = offset;
  }

  #cut(segment: Segment, offset: number): void {
    segment.file.truncate(offset);
    segment.file.sync();
    this.#disk.syncFolder(logFolder);
    segment.written();
    this.#fileBytes = offset;
  }

  /** Writes a frame at the end; on a failed write, takes it back. */
  #write(segment: Segment, entry: EncodedEntry, index: number, hash: Uint8Array, bytes: number): void {
    const end = this.#end + bytes;
    const step = this.#preallocateBytes;
    const grown = end <= this.#fileBytes ? this.#fileBytes : step === 0 ? end : Math.ceil(end / step) * step;
    const room = end <= this.#fileBytes ? bytes : grown - this.#end;
    if (this.#buffer.length < room) this.#buffer = new Uint8Array(Math.max(room, this.#buffer.length * 2));
    const buffer = this.#buffer;
    encodeFrame(buffer, index, entry, hash);
    if (room > bytes) buffer.fill(0, bytes, room);
    try {
      writeAll(segment.file, buffer.subarray(0, room), this.#end);
    } catch (error) {
      throw this.#takeBack(segment, error);
    }
    segment.written();
    this.#fileBytes = grown;
  }

  #syncData(segment: Segment): void {
    try {
      segment.file.syncData();
    } catch (error) {
      throw this.#fail("the disk refused to sync it", error);
    }
  }

  /** After a failed write: the file as before, synced. Returns the refusal to throw. */
  #takeBack(segment: Segment, error: unknown): Error {
    try {
      segment.file.truncate(this.#end);
      segment.file.sync();
    } catch (second) {
      return this.#fail("a failed write could not be taken back", second);
    }
    segment.written();
    this.#fileBytes = this.#end;
    this.synced = this.next;
    const why = isDiskFull(error) ? "the disk is full" : "the disk refused the write";
    return ioRefusal(`Cannot log the entry, ${why}`, error);
  }

  #fail(state: string, error: unknown): EngramError {
    this.#state = "failed";
    const why = error instanceof Error ? error.message : String(error);
    return new EngramError(
      "outcome_unknown",
      `Cannot tell whether entry ${this.next} is in the log: ${state}: ${why}`,
      {
        index: this.next,
      },
    );
  }

  /** Begins a segment at the next entry. */
  #roll(): Segment {
    this.sync();
    const path = segmentPath(this.next);
    const temporary = `${path}.new`;
    const durably = (sync: () => void) => {
      try {
        sync();
      } catch (error) {
        throw this.#fail("a new segment could not be synced", error);
      }
    };
    try {
      const ended = this.#last;
      if (ended === null) {
        this.#disk.mkdir(logFolder);
        durably(() => this.#disk.syncFolder(""));
      } else if (this.#fileBytes > this.#end) {
        ended.file.truncate(this.#end);
        this.#fileBytes = this.#end;
        ended.written();
        durably(() => ended.file.sync());
      }
      this.#disk.remove(temporary);
      const file = this.#disk.open(temporary, { create: true });
      assert(file !== null, "a created file opens");
      try {
        writeAll(file, encodeSegmentHeader({ first: this.next, previous: this.hash }), 0);
        durably(() => file.sync());
      } finally {
        file.close();
      }
      this.#disk.rename(temporary, path);
      durably(() => this.#disk.syncFolder(logFolder));
    } catch (error) {
      throw ioRefusal("Cannot begin a log segment", error);
    }
    const segment = Segment.open(this.#disk, this.next, true);
    assert(typeof segment !== "string", `a new segment opens: ${segment}`);
    this.#last?.close();
    this.#marksFile?.close();
    this.#marksFile = null;
    this.#last = segment;
    this.#firsts.push(this.next);
    this.#end = segmentHeaderBytes;
    this.#fileBytes = segmentHeaderBytes;
    return segment;
  }

  /** Saves new marks. A disk that refuses costs a longer scan at the next opening, never a result. */
  #saveMarks(segment: Segment, count: number): void {
    try {
      this.#marksFile ??= this.#disk.open(marksPath(segment.path), { create: true });
      if (this.#marksFile !== null) segment.saveMarks(this.#marksFile, count);
    } catch {
      this.#marksFile?.close();
      this.#marksFile = null;
    }
  }

  /** The frame of entry `index`; `from` is where it stands, if the entry before was just read. */
  #find(index: number, from: LogPlace | null = null): Place {
    this.#usable();
    assert(
      Number.isInteger(index) && index >= 0 && index < this.next,
      `entry ${index} of ${this.next} is read`,
    );
    const segment = this.#segmentOf(index);
    const begin = from !== null && from.segment === segment.path
      ? { index, offset: from.offset }
      : segment.nearest(index);
    let { index: at, offset } = begin;
    for (;;) {
      const found = segment.at(offset, at);
      if (found.kind !== "frame") {
        const what = found.kind === "corrupt"
          ? found.what
          : found.kind === "torn"
          ? "the frame is not whole"
          : "entries are missing";
        throw corrupt({ segment: segment.path, offset, index: at }, what);
      }
      if (at === index) return { found, segment, offset };
      segment.note(at, offset);
      offset += found.header.frameBytes;
      at += 1;
    }
  }

  #segmentOf(index: number): Segment {
    const first = this.#firsts.findLast((candidate) => candidate <= index);
    assert(first !== undefined, "the first segment starts at entry 0");
    if (this.#last !== null && this.#last.header.first === first) return this.#last;
    if (this.#older !== null && this.#older.header.first === first) return this.#older;
    const segment = Segment.open(this.#disk, first, false);
    if (typeof segment === "string") {
      throw corrupt({ segment: segmentPath(first), offset: 0, index: first }, segment);
    }
    this.#older?.close();
    this.#older = segment;
    return segment;
  }

  #decode({ found, segment, offset }: Place): LogEntry {
    const frame = decodeFrame(found.bytes, found.header);
    try {
      const { body, payloads } = decodeEntry(frame.bodyBytes, frame.payloads);
      return { index: frame.index, body, bodyBytes: frame.bodyBytes, payloads, hash: frame.hash };
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      throw corrupt({ segment: segment.path, offset, index: frame.index }, error.message);
    }
  }

  #usable(): void {
    assert(this.#state !== "closed", "a closed log is used");
    if (this.#state === "failed") {
      throw new EngramError(
        "outcome_unknown",
        "Cannot use the log: an earlier write may or may not be on the disk; open it again",
        { index: this.next },
      );
    }
  }
}

interface Place {
  readonly found: Extract<ReturnType<Segment["at"]>, { kind: "frame" }>;
  readonly segment: Segment;
  readonly offset: number;
}

/** Looks at a place again before it is called damaged, and the pause between two looks. */
const looksMax = 40, lookPauseMs = 2;

/**
 * What stands at `offset` once it holds still: the owner of the folder may be writing there right now, and then what
 * was read before and what is read after do not belong together.
 */
function settledAt(segment: Segment, offset: number, index: number): Found {
  let found = segment.at(offset, index);
  for (let look = 1; found.kind === "corrupt" && look < looksMax; look++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookPauseMs);
    segment.written();
    found = segment.at(offset, index);
  }
  return found;
}
