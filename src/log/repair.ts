/**
 * Rewriting what is otherwise never changed: repair (cut at the first damage) and erase (forget payloads).
 *
 * Both need the log closed: the caller owns the folder and opens the log again after it.
 *
 * Invariants:
 * 1. Repair changes nothing unless asked to cut; before a cut, every file it will change is copied aside and synced.
 * 2. Erasing changes no body and no hash: only salts and contents go. A segment is rewritten under another name,
 *    synced, renamed, and its folder synced; a crash leaves the old segment or the new one.
 */

import { assert } from "../kernel/errors.ts";
import { toHex } from "./codec.ts";
import { type Disk, type DiskFile, ioRefusal, writeAll } from "./disk.ts";
import { encodeSection } from "./section.ts";
import { decodeFrame, encodeFrame, encodeSegmentHeader, segmentHeaderBytes } from "./frame.ts";
import { listSegments, logFolder, marksPath, Segment, segmentPath } from "./segment.ts";
import { checkPayloads, corrupt, type LogPlace, walk } from "./walk.ts";

/** The folder of segments copied aside by repair, below the data folder. */
export const asideFolder = "log-aside";
const shownBytesMax = 64;
const copyBytes = 1024 * 1024;

/** What repair found, and what it did. */
export interface RepairReport {
  /** The first damage; null if the log holds. */
  readonly damage:
    | LogPlace & {
      readonly what: string;
      /** A crash left it unfinished: opening would cut it by itself, if the graph does not hold its entry. */
      readonly torn: boolean;
      /** The first bytes at that place, in hexadecimal. */
      readonly shown: string;
    }
    | null;
  /** Entries before the damage: what stays. */
  readonly entries: number;
  /** Bytes from the damage to the end of the log that are not zero padding: what a cut loses. */
  readonly lostBytes: number;
  /** Whether the log was cut. */
  readonly cut: boolean;
  /** Paths of the copies made before the cut. */
  readonly aside: readonly string[];
}

/**
 * Finds the first damage of a log. With `cut`, copies the damaged segment and all after it to log-aside/, then cuts the
 * log there. Errors: `data_folder_newer`, `disk_full`, `io_failed`.
 */
export function repairLog(disk: Disk, options: { readonly cut?: boolean } = {}): RepairReport {
  try {
    let entries = 0;
    for (const step of walk(disk, null)) {
      const what = step.frame === undefined ? step.what : checkPayloads(step.frame);
      if (what === null) {
        entries += 1;
        continue;
      }
      const torn = step.frame === undefined && step.torn;
      const { shown, lostBytes } = lookAt(disk, step.place);
      const aside = options.cut === true ? cutAt(disk, step.place) : [];
      return {
        damage: { ...step.place, what, torn, shown },
        entries,
        lostBytes,
        cut: options.cut === true,
        aside,
      };
    }
    return { damage: null, entries, lostBytes: 0, cut: false, aside: [] };
  } catch (error) {
    throw ioRefusal("Cannot repair the log", error);
  }
}

/** The segment of a place and all that come after it. */
function segmentsFrom(disk: Disk, place: LogPlace): string[] {
  return listSegments(disk).map(segmentPath).filter((path) => path >= place.segment);
}

function lookAt(disk: Disk, place: LogPlace): { shown: string; lostBytes: number } {
  let shown = "";
  let lostBytes = 0;
  for (const path of segmentsFrom(disk, place)) {
    const file = disk.open(path);
    if (file === null) continue;
    try {
      const start = path === place.segment ? place.offset : 0;
      const bytes = new Uint8Array(shownBytesMax);
      if (path === place.segment) shown = toHex(bytes.subarray(0, file.read(bytes, start)));
      lostBytes += bytesUntilZeros(file, start);
    } finally {
      file.close();
    }
  }
  return { shown, lostBytes };
}

function bytesUntilZeros(file: DiskFile, start: number): number {
  const buffer = new Uint8Array(copyBytes);
  let end = start;
  for (let at = start;;) {
    const taken = file.read(buffer, at);
    for (let i = taken - 1; i >= 0; i--) {
      if (buffer[i] === 0) continue;
      end = at + i + 1;
      break;
    }
    if (taken < buffer.length) return end - start;
    at += taken;
  }
}

function cutAt(disk: Disk, place: LogPlace): string[] {
  disk.mkdir(asideFolder);
  const aside: string[] = [];
  const paths = segmentsFrom(disk, place);
  for (const path of paths) {
    const to = freeName(disk, `${asideFolder}/${path.slice(logFolder.length + 1)}`);
    copy(disk, path, to);
    aside.push(to);
  }
  disk.syncFolder(asideFolder);
  disk.syncFolder("");
  // Later segments go first: a crash between two removals leaves a shorter log with the same damage in it.
  for (const path of paths.toReversed()) {
    disk.remove(marksPath(path));
    if (path !== place.segment || place.offset < segmentHeaderBytes) disk.remove(path);
    else truncate(disk, path, place.offset);
    disk.syncFolder(logFolder);
  }
  return aside;
}

function freeName(disk: Disk, path: string): string {
  for (let n = 1;; n++) {
    const name = `${path}.${n}`;
    const file = disk.open(name);
    if (file === null) return name;
    file.close();
  }
}

function copy(disk: Disk, from: string, to: string): void {
  const source = disk.open(from);
  const target = disk.open(to, { create: true });
  assert(source !== null && target !== null, "both ends of a copy open");
  try {
    const buffer = new Uint8Array(copyBytes);
    for (let at = 0;;) {
      const taken = source.read(buffer, at);
      writeAll(target, buffer.subarray(0, taken), at);
      at += taken;
      if (taken < buffer.length) break;
    }
    target.sync();
  } finally {
    source.close();
    target.close();
  }
}

function truncate(disk: Disk, path: string, offset: number): void {
  const file = disk.open(path, { write: true });
  assert(file !== null, "a segment that was read opens for writing");
  try {
    file.truncate(offset);
    file.sync();
  } finally {
    file.close();
  }
}

/** Payloads to forget: of entry `index`, those at these places in order of occurrence. */
export type Erasure = ReadonlyMap<number, ReadonlySet<number>>;

/**
 * Forgets salts and contents of payloads, in the log's files. Bodies, digests, hashes and indexes stay; segments get
 * shorter. Freed blocks of the disk and copies made elsewhere are not reached. Returns how many payloads were erased.
 * Errors: `log_corrupt` (nothing of that segment was changed), `disk_full`, `io_failed`.
 */
export function erasePayloads(disk: Disk, erasure: Erasure): number {
  const indexes = [...erasure.keys()].sort((a, b) => a - b);
  const firsts = listSegments(disk);
  let erased = 0;
  try {
    for (const [i, first] of firsts.entries()) {
      const next = firsts[i + 1] ?? Infinity;
      if (!indexes.some((index) => index >= first && index < next)) continue;
      erased += eraseInSegment(disk, first, erasure);
    }
  } catch (error) {
    throw ioRefusal("Cannot erase from the log", error);
  }
  return erased;
}

function eraseInSegment(disk: Disk, first: number, erasure: Erasure): number {
  const segment = Segment.open(disk, first, false);
  const path = segmentPath(first);
  if (typeof segment === "string") throw corrupt({ segment: path, offset: 0, index: first }, segment);
  const temporary = `${path}.new`;
  disk.remove(temporary);
  const target = disk.open(temporary, { create: true });
  assert(target !== null, "a created file opens");
  let erased = 0;
  try {
    writeAll(target, encodeSegmentHeader(segment.header), 0);
    let buffer = new Uint8Array(64 * 1024);
    let index = first;
    let to = segmentHeaderBytes;
    for (let offset = segmentHeaderBytes;;) {
      const found = segment.at(offset, index);
      if (found.kind === "end") break;
      if (found.kind !== "frame") {
        const what = found.kind === "torn" ? "the frame is not whole" : found.what;
        throw corrupt({ segment: path, offset, index }, what);
      }
      const frame = decodeFrame(found.bytes, found.header);
      const gone = erasure.get(index);
      const payloads = frame.payloads.map((payload, i) => {
        if (gone === undefined || !gone.has(i) || payload.bytes === null) return payload;
        erased += 1;
        return { salt: null, bytes: null };
      });
      if (buffer.length < found.header.frameBytes) buffer = new Uint8Array(found.header.frameBytes);
      const entry = {
        bodyBytes: frame.bodyBytes,
        section: encodeSection(payloads),
        payloadCount: payloads.length,
      };
      const bytes = encodeFrame(buffer, index, entry, frame.hash);
      writeAll(target, buffer.subarray(0, bytes), to);
      offset += found.header.frameBytes;
      to += bytes;
      index += 1;
    }
    target.sync();
  } catch (error) {
    disk.remove(temporary); // on a full disk it is what fills it
    throw error;
  } finally {
    target.close();
    segment.close();
  }
  disk.remove(marksPath(path));
  disk.rename(temporary, path);
  disk.syncFolder(logFolder);
  return erased;
}
