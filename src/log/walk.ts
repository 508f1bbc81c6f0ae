/**
 * Walking the whole log: every frame in order, its chain, its payloads. `verify` and `repair` are made of it.
 *
 * Invariant: the walk only reads, believes no marks, and stops at the first damage, which it names.
 */

import { EngramError } from "../kernel/errors.ts";
import { decodeEntry, digestBytes, payloadDigest, sameBytes, stateHash } from "./codec.ts";
import type { Disk } from "./disk.ts";
import { decodeFrame, type Frame, segmentHeaderBytes } from "./frame.ts";
import { listSegments, Segment, segmentPath } from "./segment.ts";

/** A place in the log. */
export interface LogPlace {
  /** The segment's path below the data folder. */
  readonly segment: string;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  /** The entry that stands or should stand there. */
  readonly index: number;
}

/** The refusal that names a damaged place. */
export function corrupt(place: LogPlace, what: string): EngramError {
  const at = `segment ${place.segment}, offset ${place.offset}, entry ${place.index}`;
  return new EngramError("log_corrupt", `Cannot read the log at ${at}: ${what}`, { ...place, what });
}

/** A frame met on a walk, with its place; or the first damage, after which the walk ends. */
export type Step =
  | { readonly place: LogPlace; readonly frame: Frame; readonly what?: never }
  | { readonly place: LogPlace; readonly what: string; readonly torn: boolean; readonly frame?: never };

/**
 * Walks frames and their chain from the start of the log, across segments. `end` bounds the walk, since a tail that was
 * not yet cut (read-only) is no damage; without it a torn tail is told as damage with `torn` true.
 */
export function* walk(disk: Disk, end: number | null): Generator<Step, void> {
  let index = 0;
  let hash: Uint8Array = new Uint8Array(digestBytes);
  const segments = listSegments(disk);
  for (const [i, first] of segments.entries()) {
    if (end !== null && index >= end && i > 0) return;
    const damage = (offset: number, what: string, torn = false): Step => ({
      place: { segment: segmentPath(first), offset, index },
      what,
      torn,
    });
    if (first !== index) {
      return yield damage(0, `the segment starts at entry ${first}, ${index} was expected`);
    }
    const segment = Segment.open(disk, first, false);
    if (typeof segment === "string") return yield damage(0, segment);
    try {
      if (!sameBytes(segment.header.previous, hash)) {
        return yield damage(0, "the segment's header does not continue the hash chain");
      }
      let offset = segmentHeaderBytes;
      while (end === null || index < end) {
        const found = segment.at(offset, index);
        if (found.kind === "end") break;
        if (found.kind === "corrupt") return yield damage(offset, found.what);
        if (found.kind === "torn") {
          return yield damage(offset, "the frame is not whole", i === segments.length - 1);
        }
        const frame = decodeFrame(found.bytes, found.header);
        if (!sameBytes(frame.hash, stateHash(hash, frame.bodyBytes))) {
          return yield damage(offset, "the entry does not continue the hash chain");
        }
        yield { place: { segment: segment.path, offset, index }, frame };
        hash = frame.hash;
        offset += found.header.frameBytes;
        index += 1;
      }
    } finally {
      segment.close();
    }
  }
  if (end !== null && index < end) {
    const last = segments.at(-1) ?? 0;
    yield {
      place: { segment: segmentPath(last), offset: 0, index },
      what: "entries are missing",
      torn: false,
    };
  }
}

/** Decodes a frame's body and checks each payload against its digest; a string says what does not hold. */
export function checkPayloads(frame: Frame): string | null {
  try {
    const { payloads } = decodeEntry(frame.bodyBytes, frame.payloads);
    for (const [i, { salt, bytes, digest }] of payloads.entries()) {
      if (salt === null || bytes === null) continue;
      if (!sameBytes(payloadDigest(salt, bytes), digest)) return `payload ${i} does not have its digest`;
    }
    return null;
  } catch (error) {
    if (error instanceof EngramError) return error.message;
    throw error;
  }
}
