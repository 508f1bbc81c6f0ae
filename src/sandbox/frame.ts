/**
 * Frames: the bytes that travel between the engine and an agent worker, written and read by hand.
 *
 * Owns: {@link Writer} and {@link Reader}, private scratch buffers that grow and are reused.
 * Does not own: what the records of a frame mean (messages.ts), how a frame crosses threads (channel.ts).
 *
 * Invariants:
 * 1. Little-endian, unaligned; a text or blob is a u32 length and its bytes.
 * 2. A view returned by {@link Reader.blob} holds until the next frame is read into the same reader.
 * 3. Text that is not UTF-8 is null: never repaired, and a byte order mark is kept.
 */

import { pieceOf } from "../kernel/blocks.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const startBytes = 64 * 1024;
/** Texts of up to so many bytes, and how many of them, are remembered as strings. */
const knownTextMax = 32, knownTexts = 1024;
/** Bytes of ASCII up to which a text is made by hand: a decoder costs more to call. */
const shortTextMax = 96;
/** Bytes up to which a part is copied by hand: a view of it costs more. */
const loopBytesMax = 48;

/** Bytes that begin in private memory, never shared: what a TextDecoder and a guest may be given. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Writes a frame into one private buffer. */
export class Writer {
  bytes: Bytes;
  length = 0;
  #view: DataView;

  constructor(bytes = startBytes) {
    this.bytes = new Uint8Array(bytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `more` bytes. */
  #reserve(more: number): void {
    const need = this.length + more;
    if (need <= this.bytes.length) return;
    const next = new Uint8Array(Math.max(need, this.bytes.length * 2));
    next.set(this.bytes.subarray(0, this.length));
    this.bytes = next;
    this.#view = new DataView(next.buffer);
  }

  reset(): void {
    this.length = 0;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#view.setUint8(this.length, value);
    this.length += 1;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  i32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.length, value, true);
    this.length += 4;
  }

  i64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.length, value, true);
    this.length += 8;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  blob(value: Uint8Array): void {
    this.u32(value.length);
    this.raw(value);
  }

  /** Bytes without a length. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /** A blob of a part of `bytes`. */
  part(bytes: Uint8Array, from: number, size: number): void {
    if (size > loopBytesMax) return this.blob(bytes.subarray(from, from + size));
    this.#reserve(4 + size);
    this.#view.setUint32(this.length, size, true);
    const to = this.bytes, at = this.length + 4;
    for (let i = 0; i < size; i++) to[at + i] = bytes[from + i] ?? 0;
    this.length = at + size;
  }

  text(value: string): void {
    if (value === "") return this.u32(0);
    this.#reserve(4 + value.length * 3);
    const { written } = encoder.encodeInto(value, this.bytes.subarray(this.length + 4));
    this.#view.setUint32(this.length, written, true);
    this.length += 4 + written;
  }
}

/** Reads a frame out of one private buffer. */
export class Reader {
  bytes: Bytes = new Uint8Array(startBytes);
  length = 0;
  offset = 0;
  readonly #texts: (string | undefined)[] = [];
  #view = new DataView(this.bytes.buffer);

  /** Forgets the frame read last. */
  reset(): void {
    this.length = 0;
    this.offset = 0;
  }

  /** Copies `chunk`, which may be shared memory, to the end of the frame. */
  append(chunk: Uint8Array): void {
    const need = this.length + chunk.length;
    if (need > this.bytes.length) {
      const next = new Uint8Array(Math.max(need, this.bytes.length * 2));
      next.set(this.bytes.subarray(0, this.length));
      this.bytes = next;
      this.#view = new DataView(next.buffer);
    }
    this.bytes.set(chunk, this.length);
    this.length = need;
  }

  get done(): boolean {
    return this.offset >= this.length;
  }

  /** Moves on by `count` bytes and returns where they began. Throws a RangeError past the end of the frame. */
  #take(count: number): number {
    const at = this.offset;
    if (at + count > this.length) throw new RangeError("Cannot read a frame: it ends too early");
    this.offset = at + count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view of the next `count` bytes: copy what must outlive the frame. */
  raw(count: number): Bytes {
    const at = this.#take(count);
    return this.bytes.subarray(at, at + count);
  }

  /** A view of the next blob. */
  blob(): Bytes {
    return this.raw(this.u32());
  }

  /** A copy of the next blob. */
  copy(): Bytes {
    return pieceOf(this.blob());
  }

  /** A copy of the next `count` bytes, or null if they are not UTF-8. */
  utf8Bytes(count: number): Bytes | null {
    const at = this.#take(count), end = at + count;
    if (!this.#isAscii(at, end) && this.#decode(at, count) === null) return null;
    return pieceOf(this.bytes.subarray(at, end));
  }

  /** The next `count` bytes as text, or null if they are not UTF-8. */
  utf8(count: number): string | null {
    const at = this.#take(count);
    if (count === 0) return "";
    if (count <= knownTextMax) return this.#known(at, count);
    if (count <= shortTextMax && this.#isAscii(at, at + count)) return this.#short(at, at + count);
    return this.#decode(at, count);
  }

  /** A short text: ids and names come again and again, and what came last in their place is compared first. */
  #known(at: number, count: number): string | null {
    let hash = count, high = 0;
    for (let i = at; i < at + count; i++) {
      const byte = this.bytes[i] ?? 0;
      hash = Math.imul(hash ^ byte, 0x01000193);
      high |= byte;
    }
    if (high > 0x7f) return this.#decode(at, count);
    const place = (hash ^ (hash >>> 15)) & (knownTexts - 1);
    const known = this.#texts[place];
    if (known !== undefined && this.#says(known, at, count)) return known;
    return this.#texts[place] = this.#short(at, at + count);
  }

  #says(text: string, at: number, count: number): boolean {
    if (text.length !== count) return false;
    for (let i = 0; i < count; i++) if (text.charCodeAt(i) !== this.bytes[at + i]) return false;
    return true;
  }

  #decode(at: number, count: number): string | null {
    try {
      return decoder.decode(this.bytes.subarray(at, at + count));
    } catch (error) {
      if (error instanceof TypeError) return null;
      throw error;
    }
  }

  #isAscii(at: number, end: number): boolean {
    for (let i = at; i < end; i++) if ((this.bytes[i] ?? 0) > 0x7f) return false;
    return true;
  }

  #short(at: number, end: number): string {
    // Spreading the bytes instead is ten times slower.
    if (end - at > 12) return Reflect.apply(String.fromCharCode, null, this.bytes.subarray(at, end));
    let text = "";
    for (let i = at; i < end; i++) text += String.fromCharCode(this.bytes[i] ?? 0);
    return text;
  }

  /** The next text, written by {@link Writer.text}. */
  text(): string {
    const text = this.utf8(this.u32());
    if (text === null) throw new RangeError("Cannot read a frame: a text in it is not UTF-8");
    return text;
  }
}
