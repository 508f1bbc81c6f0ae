/**
 * Small pieces of bytes, cut from blocks.
 *
 * A typed array with memory of its own costs the platform near a microsecond, a view of memory that is there a tenth of
 * it; a tick makes hundreds of them for salts, digests and messages.
 *
 * Invariants:
 * 1. A piece belongs to whoever asked for it: no byte of it is given twice.
 * 2. A piece that is kept keeps at most `blockBytes` of memory alive. Whoever hands its bytes on hands on the view,
 *    never its `buffer`.
 */

const blockBytes = 16_384;
/** Larger pieces get memory of their own. */
const pieceBytesMax = 2048;
/** Longer texts are encoded by the platform: for shorter ones its call costs more than the loop. */
const loopTextMax = 1024;

const encoder = new TextEncoder();
const none = new Uint8Array(0);
let block: Uint8Array<ArrayBuffer> = none;
let used = 0;

/** Zeros that are the caller's own. */
export function piece(length: number): Uint8Array<ArrayBuffer> {
  if (length === 0) return none;
  if (length > pieceBytesMax) return new Uint8Array(length);
  if (used + length > block.length) {
    block = new Uint8Array(blockBytes);
    used = 0;
  }
  used += length;
  return block.subarray(used - length, used);
}

/** A copy of some bytes. */
export function pieceOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = piece(bytes.length);
  own.set(bytes);
  return own;
}

/** Up to here a loop costs less than a view. */
const loopBytesMax = 24;

/** Copies `length` bytes at a place of some bytes to a place in others. */
export function put(into: Uint8Array, intoAt: number, from: Uint8Array, at: number, length: number): void {
  if (length === from.length) into.set(from, intoAt);
  else if (length > loopBytesMax) into.set(from.subarray(at, at + length), intoAt);
  else for (let i = 0; i < length; i++) into[intoAt + i] = from[at + i] ?? 0;
}

/** A text in UTF-8, as a TextEncoder gives it. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  const { length } = text;
  if (length > loopTextMax) return encoder.encode(text);
  const bytes = piece(length);
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return encoder.encode(text);
    bytes[at] = code;
  }
  return bytes;
}
