/**
 * Frames: how an entry lies in a segment file, byte by byte (format version 1, little-endian).
 *
 * Segment header, 64 bytes:
 *   0 magic "ENGRMLOG" · 8 version u32 · 12 check of 0..12 u32 · 16 first index u64 · 24 hash before it, 32 bytes
 *   56 zero u32 · 60 check of 0..60 u32
 * Frame, a multiple of 8 bytes, the first right after the header, each right after the one before:
 *   0 header check u32 (of 4..32) · 4 check u32 (of 8..end−4) · 8 body bytes u32 · 12 payload section bytes u32
 *   16 payload count u32 · 20 zero u32 · 24 index u64 · 32 body · hash after this entry, 32 bytes · payload section
 *   zeros to the multiple of 8 · end mark u32, no byte of which is zero
 * The payload section is section.ts's.
 * After the last frame come zeros only (preallocated), or nothing.
 *
 * Checks are xxHash32: they find damage at the speed of memory; the hash chain and the payload digests, which are
 * SHA-256, prove the rest and are walked by `verify`.
 *
 * Invariants:
 * 1. Bytes 0..16 of a segment header mean the same in every version, so that a newer format is told from damage.
 * 2. A whole frame ends in a byte that is not zero, and no header of zeros is valid. So a frame of which only a front
 *    part was written, into zeros, is known by its last byte; and a whole frame with any bit turned is never taken
 *    for one (a torn tail), because its end mark still stands.
 */

import { assert, EngramError } from "../kernel/errors.ts";
import { digestBytes, type EncodedEntry } from "./codec.ts";
import { type BesidePayload, decodeSection } from "./section.ts";

/** The log format this build writes, and the newest it reads. */
export const formatVersion = 1;
export const segmentHeaderBytes = 64;
export const frameHeaderBytes = 32;
/** The largest frame, in bytes: one entry with all its payloads. */
export const frameBytesMax = 512 * 1024 * 1024;

const magic = new TextEncoder().encode("ENGRMLOG");
const endMark = 0x21444e45; // "END!"
const endMarkBytes = 4;

/** The fields of a valid frame header, with where its parts lie, relative to the frame. */
export interface FrameHeader {
  readonly index: number;
  readonly bodyBytes: number;
  readonly payloadSectionBytes: number;
  readonly payloadCount: number;
  /** The whole frame. */
  readonly frameBytes: number;
}

/** A whole frame's contents. */
export interface Frame {
  readonly index: number;
  readonly bodyBytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly payloads: readonly BesidePayload[];
}

/** The fields of a segment header. */
export interface SegmentHeader {
  readonly first: number;
  readonly previous: Uint8Array;
}

const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
const p1 = 0x9e3779b1, p2 = 0x85ebca77, p3 = 0xc2b2ae3d, p4 = 0x27d4eb2f;

/**
 * xxHash32 with seed 0 of whole 32-bit words, `from` and `to` being multiples of 4 in a buffer that starts at a
 * multiple of 4.
 */
export function check(bytes: Uint8Array, from: number, to: number): number {
  assert((bytes.byteOffset | from | to) % 4 === 0, "a check runs over whole words");
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + from, (to - from) / 4);
  const count = words.length;
  let at = 0;
  let hash = 374761393;
  if (count >= 4) {
    let a = (p1 + p2) | 0, b = p2 | 0, c = 0, d = -p1 | 0;
    for (; at + 4 <= count; at += 4) {
      a = Math.imul(rotate((a + Math.imul(words[at] ?? 0, p2)) | 0, 13), p1);
      b = Math.imul(rotate((b + Math.imul(words[at + 1] ?? 0, p2)) | 0, 13), p1);
      c = Math.imul(rotate((c + Math.imul(words[at + 2] ?? 0, p2)) | 0, 13), p1);
      d = Math.imul(rotate((d + Math.imul(words[at + 3] ?? 0, p2)) | 0, 13), p1);
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + (to - from)) | 0;
  for (; at < count; at++) {
    hash = Math.imul(rotate((hash + Math.imul(words[at] ?? 0, p3)) | 0, 17), p4);
  }
  hash = Math.imul(hash ^ (hash >>> 15), p2);
  hash = Math.imul(hash ^ (hash >>> 13), p3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function setIndex(into: DataView, at: number, index: number): void {
  into.setUint32(at, index >>> 0, true);
  into.setUint32(at + 4, Math.floor(index / 2 ** 32), true);
}

const getIndex = (from: DataView, at: number) =>
  from.getUint32(at, true) + from.getUint32(at + 4, true) * 2 ** 32;

/** The bytes of a segment header. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes);
  const into = view(bytes);
  bytes.set(magic);
  into.setUint32(8, formatVersion, true);
  into.setUint32(12, check(bytes, 0, 12), true);
  setIndex(into, 16, header.first);
  bytes.set(header.previous, 24);
  into.setUint32(60, check(bytes, 0, 60), true);
  return bytes;
}

/** Reads a segment header; a string says what is wrong with it. Throws `data_folder_newer` for a newer format. */
export function decodeSegmentHeader(bytes: Uint8Array, segment: string): SegmentHeader | string {
  if (bytes.length < segmentHeaderBytes) return "the file ends inside the segment header";
  const from = view(bytes);
  for (let i = 0; i < magic.length; i++) if (bytes[i] !== magic[i]) return "it does not start like a segment";
  if (from.getUint32(12, true) !== check(bytes, 0, 12)) return "the segment header's version is damaged";
  const version = from.getUint32(8, true);
  if (version > formatVersion) {
    throw new EngramError(
      "data_folder_newer",
      `Cannot open the log: segment ${segment} has format ${version}, this build reads up to ${formatVersion}`,
      { segment, version },
    );
  }
  if (from.getUint32(60, true) !== check(bytes, 0, 60)) return "the segment header is damaged";
  return { first: getIndex(from, 16), previous: bytes.slice(24, 24 + digestBytes) };
}

/** Bytes of the frame an entry takes. */
export function frameBytesOf(entry: EncodedEntry): number {
  return frameBytes(entry.bodyBytes.length, entry.section.length);
}

function frameBytes(bodyBytes: number, payloadSectionBytes: number): number {
  const parts = frameHeaderBytes + bodyBytes + digestBytes + payloadSectionBytes + endMarkBytes;
  return Math.ceil(parts / 8) * 8;
}

/** Writes the frame of an entry to the start of `into`, which has room for it; returns its bytes. */
export function encodeFrame(
  into: Uint8Array,
  index: number,
  { bodyBytes, section, payloadCount }: EncodedEntry,
  hash: Uint8Array,
): number {
  const end = frameBytes(bodyBytes.length, section.length);
  const fields = view(into);
  fields.setUint32(8, bodyBytes.length, true);
  fields.setUint32(12, section.length, true);
  fields.setUint32(16, payloadCount, true);
  fields.setUint32(20, 0, true);
  setIndex(fields, 24, index);
  let at = frameHeaderBytes;
  into.set(bodyBytes, at);
  at += bodyBytes.length;
  into.set(hash, at);
  at += digestBytes;
  into.set(section, at);
  at += section.length;
  into.fill(0, at, end - endMarkBytes);
  fields.setUint32(end - endMarkBytes, endMark, true);
  fields.setUint32(4, check(into, 8, end - endMarkBytes), true);
  fields.setUint32(0, check(into, 4, frameHeaderBytes), true);
  return end;
}

/** Reads a frame header; null if its check does not hold. `bytes` starts at the frame. */
export function decodeFrameHeader(bytes: Uint8Array): FrameHeader | null {
  const from = view(bytes);
  if (from.getUint32(0, true) !== check(bytes, 4, frameHeaderBytes)) return null;
  const bodyBytes = from.getUint32(8, true);
  const payloadSectionBytes = from.getUint32(12, true);
  return {
    index: getIndex(from, 24),
    bodyBytes,
    payloadSectionBytes,
    payloadCount: from.getUint32(16, true),
    frameBytes: frameBytes(bodyBytes, payloadSectionBytes),
  };
}

/** Whether a frame's check and end mark hold. `bytes` is the whole frame. */
export function frameHolds(bytes: Uint8Array): boolean {
  const end = bytes.length - endMarkBytes;
  const from = view(bytes);
  return from.getUint32(end, true) === endMark && from.getUint32(4, true) === check(bytes, 8, end);
}

/** The chain hash of a whole frame, as a copy. */
export function frameHash(bytes: Uint8Array, header: FrameHeader): Uint8Array {
  const at = frameHeaderBytes + header.bodyBytes;
  return bytes.slice(at, at + digestBytes);
}

/** The contents of a whole frame that holds; they are copies, free of `bytes`. */
export function decodeFrame(bytes: Uint8Array, header: FrameHeader): Frame {
  const own = bytes.slice();
  const hashAt = frameHeaderBytes + header.bodyBytes, sectionAt = hashAt + digestBytes;
  const section = own.subarray(sectionAt, sectionAt + header.payloadSectionBytes);
  return {
    index: header.index,
    bodyBytes: own.subarray(frameHeaderBytes, hashAt),
    hash: own.subarray(hashAt, sectionAt),
    payloads: decodeSection(section, header.payloadCount),
  };
}
