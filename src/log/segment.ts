/**
 * Segments: reading one segment file, and saying what stands at an offset.
 *
 * Owns: names of segments, walking frames, marks (a rebuildable list of frame offsets beside each segment), and the
 * judgement of a bad frame: torn or corrupt.
 * Does not own: writing frames, the chain from one segment to the next, and what follows from the judgement (log.ts).
 *
 * What can stand at an offset (the torn tail rule):
 * - `frame`: a frame whose checks hold and whose index is the expected one.
 * - `end`: the file ends here, or there are only zeros from here on.
 * - `torn`: a frame that a crash left unfinished. Only if the file ends inside it, or, from some point inside it that is
 *   short of its end mark, everything up to the end of the file is zeros (the frame was going into preallocated zeros
 *   and only its front part arrived). Nobody was told that such an entry is durable.
 * - `corrupt`: anything else. In particular a frame whose end mark stands but whose check does not hold, and zeros with
 *   something behind them.
 *
 * Invariants:
 * 1. A bit turned in a whole frame never makes it torn: see invariant 2 of frame.ts.
 * 2. Marks are hints. One is used only if a whole frame with its index stands where it points; a lost, stale or damaged
 *    marks file costs time, never a result.
 */

import { sameBytes } from "./codec.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { writeAll } from "./disk.ts";
import {
  decodeFrameHeader,
  decodeSegmentHeader,
  frameBytesMax,
  type FrameHeader,
  frameHeaderBytes,
  frameHolds,
  type SegmentHeader,
  segmentHeaderBytes,
} from "./frame.ts";

/** The folder of segments, below the data folder. */
export const logFolder = "log";
/** A frame gets a mark when this many entries or bytes came since the last one: what opening scans at most. */
export const markEntries = 64;
const markBytes = 256 * 1024;

const windowBytes = 256 * 1024;
const markRecordBytes = 16;

/** The path of a segment by its first index. */
export function segmentPath(first: number): string {
  return `${logFolder}/${String(first).padStart(16, "0")}.log`;
}

/** The path of the marks beside a segment. */
export function marksPath(segment: string): string {
  return segment.replace(/\.log$/, ".marks");
}

/** First indexes of the segments on a disk, ascending. */
export function listSegments(disk: Disk): number[] {
  return disk.list(logFolder).filter((name) => /^\d{16}\.log$/.test(name)).map((name) =>
    Number(name.slice(0, 16))
  );
}

/** Where a frame stands. */
export interface Mark {
  readonly index: number;
  readonly offset: number;
}

/** What stands at an offset of a segment. */
export type Found =
  | { readonly kind: "frame"; readonly header: FrameHeader; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "torn"; readonly bytes: number }
  | { readonly kind: "corrupt"; readonly what: string };

/** One segment file, open for reading. */
export class Segment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly file: DiskFile;
  readonly #disk: Disk;
  #marks: Mark[] | null = null;
  #marksSaved = 0;
  #window = new Uint8Array(0);
  #windowAt = 0;
  #windowSize = 0;

  private constructor(disk: Disk, path: string, header: SegmentHeader, file: DiskFile) {
    this.#disk = disk;
    this.path = path;
    this.header = header;
    this.file = file;
  }

  /** Opens a segment; a string says what is wrong with its header. */
  static open(disk: Disk, first: number, write: boolean): Segment | string {
    const path = segmentPath(first);
    const file = disk.open(path, { write });
    if (file === null) return "the segment is missing";
    const bytes = new Uint8Array(segmentHeaderBytes);
    const header = decodeSegmentHeader(bytes.subarray(0, file.read(bytes, 0)), path);
    const problem = typeof header === "string"
      ? header
      : header.first === first
      ? null
      : `its header says that it starts at entry ${header.first}`;
    if (typeof header === "string" || problem !== null) {
      file.close();
      return problem ?? "the segment header is damaged";
    }
    return new Segment(disk, path, header, file);
  }

  close(): void {
    this.file.close();
  }

  /** Forgets what was read: something was written to the file. */
  written(): void {
    this.#windowSize = 0;
  }

  /** What stands at `offset`, where entry `index` is expected. The bytes are valid until the next call. */
  at(offset: number, index: number): Found {
    const header = this.#read(offset, frameHeaderBytes);
    if (header.length === 0) return { kind: "end" };
    if (header.length < frameHeaderBytes) {
      return isZero(header) ? { kind: "end" } : { kind: "torn", bytes: header.length };
    }
    const fields = decodeFrameHeader(header);
    if (fields === null) return this.#withoutHeader(offset, isZero(header));
    if (fields.frameBytes > frameBytesMax) {
      return { kind: "corrupt", what: "the frame is larger than any may be" };
    }
    if (fields.index !== index) {
      return { kind: "corrupt", what: `the frame holds entry ${fields.index} where ${index} was expected` };
    }
    const bytes = this.#read(offset, fields.frameBytes);
    if (bytes.length < fields.frameBytes) return { kind: "torn", bytes: bytes.length };
    if (frameHolds(bytes)) return { kind: "frame", header: fields, bytes };
    const end = offset + fields.frameBytes;
    if (bytes[bytes.length - 1] === 0 && this.lastNonZero(end) === null) {
      return { kind: "torn", bytes: (this.lastNonZero(offset) ?? offset) + 1 - offset };
    }
    return { kind: "corrupt", what: "the frame's checksum does not hold" };
  }

  #withoutHeader(offset: number, zero: boolean): Found {
    const last = this.lastNonZero(offset);
    if (last === null) return { kind: "end" };
    if (last < offset + frameHeaderBytes) return { kind: "torn", bytes: last + 1 - offset };
    return {
      kind: "corrupt",
      what: zero ? "there are zeros where a frame should stand" : "the frame header is damaged",
    };
  }

  /** The offset of the last byte at or after `from` that is not zero; null if there is none. */
  lastNonZero(from: number): number | null {
    const buffer = new Uint8Array(windowBytes);
    const words = new Int32Array(buffer.buffer);
    let last: number | null = null;
    for (let at = from;;) {
      const taken = this.file.read(buffer, at);
      if (taken < buffer.length) buffer.fill(0, taken);
      let word = words.length - 1;
      while (word >= 0 && words[word] === 0) word--;
      for (let i = word * 4 + 3; i >= 0; i--) {
        if (buffer[i] === 0) continue;
        last = at + i;
        break;
      }
      if (taken < buffer.length) return last;
      at += taken;
    }
  }

  /** The nearest place at or before entry `index` from which frames can be walked: a marked frame, or the first. */
  nearest(index: number): Mark {
    const marks = this.marks();
    for (let i = marks.length - 1; i >= 0; i--) {
      const mark = marks[i];
      if (mark === undefined || mark.index > index) continue;
      if (this.at(mark.offset, mark.index).kind === "frame") return mark;
      this.#marks = marks.slice(0, i);
      this.#marksSaved = Math.min(this.#marksSaved, i);
    }
    return { index: this.header.first, offset: segmentHeaderBytes };
  }

  /** The marks of this segment, ascending, read once from the file beside it. */
  marks(): Mark[] {
    if (this.#marks === null) {
      this.#marks = readMarks(this.#disk, this.path, this.header.first);
      this.#marksSaved = this.#marks.length;
    }
    return this.#marks;
  }

  /** How many marks of entries below `index` the marks file does not hold yet. */
  marksToSave(index: number): number {
    const marks = this.marks();
    let to = this.#marksSaved;
    while ((marks[to]?.index ?? Infinity) < index) to++;
    return to - this.#marksSaved;
  }

  /** Writes as many marks as the marks file does not hold yet. */
  saveMarks(file: DiskFile, count: number): void {
    const to = this.#marksSaved + count;
    writeMarks(file, this.marks().slice(0, to), this.#marksSaved);
    this.#marksSaved = to;
  }

  /** Notes that entry `index` stands at `offset`, where that is worth a mark. */
  note(index: number, offset: number): void {
    const marks = this.marks();
    const last = marks.at(-1) ?? { index: this.header.first, offset: segmentHeaderBytes };
    if (index < last.index + markEntries && offset < last.offset + markBytes) return;
    marks.push({ index, offset });
  }

  /** Up to `bytes` at `offset`, from a window over the file; fewer where the file ends. */
  #read(offset: number, bytes: number): Uint8Array {
    const start = offset - this.#windowAt;
    if (start >= 0 && start + bytes <= this.#windowSize) return this.#window.subarray(start, start + bytes);
    const wanted = Math.max(bytes, windowBytes);
    if (this.#window.length !== wanted) this.#window = new Uint8Array(wanted);
    this.#windowAt = offset;
    this.#windowSize = this.file.read(this.#window, offset);
    const found = this.#window.subarray(0, Math.min(bytes, this.#windowSize));
    return found;
  }
}

function readMarks(disk: Disk, segment: string, first: number): Mark[] {
  const file = disk.open(marksPath(segment));
  if (file === null) return [];
  try {
    const bytes = new Uint8Array(file.size());
    const records = Math.floor(file.read(bytes, 0) / markRecordBytes);
    const from = new DataView(bytes.buffer);
    const marks: Mark[] = [];
    let last: Mark = { index: first, offset: segmentHeaderBytes };
    for (let i = 0; i < records; i++) {
      const index = Number(from.getBigUint64(i * markRecordBytes, true));
      const offset = Number(from.getBigUint64(i * markRecordBytes + 8, true));
      if (index <= last.index || offset <= last.offset || offset % 8 !== 0) break;
      last = { index, offset };
      marks.push(last);
    }
    return marks;
  } finally {
    file.close();
  }
}

/** Writes `marks` from the one numbered `from` on; not synced, since they are hints. */
function writeMarks(file: DiskFile, marks: readonly Mark[], from: number): void {
  const records = new Uint8Array((marks.length - from) * markRecordBytes);
  const into = new DataView(records.buffer);
  for (const [i, mark] of marks.slice(from).entries()) {
    into.setBigUint64(i * markRecordBytes, BigInt(mark.index), true);
    into.setBigUint64(i * markRecordBytes + 8, BigInt(mark.offset), true);
  }
  writeAll(file, records, from * markRecordBytes);
}

const zeros = new Uint8Array(frameHeaderBytes);

function isZero(bytes: Uint8Array): boolean {
  return sameBytes(bytes, zeros.subarray(0, bytes.length));
}
