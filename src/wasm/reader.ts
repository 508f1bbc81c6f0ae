/**
 * A cursor over wasm bytes. Every failure is an EngramError that names the thing and the byte offset.
 *
 * Invariant: no read passes `end`, and no number is read with more bytes or bits than its type has.
 */
import { EngramError, type RefusalCode } from "../kernel/errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Makes the refusal of a module at a byte offset. */
export function refuse(code: RefusalCode, what: string, offset: number): EngramError {
  return new EngramError(code, `Cannot read module: ${what} (at byte ${offset})`, { offset });
}

/** Refuses a count or size above its limit, naming the limit. */
export function within(count: number, max: number, limit: string, what: string, offset: number): void {
  if (count > max) {
    throw new EngramError(
      "module_too_large",
      `Cannot take module: ${what} is ${count}, over ${limit} ${max} (at byte ${offset})`,
      { offset, limit, max, count },
    );
  }
}

/** Reads forward through `bytes` from `at` to `end`. */
export class Reader {
  at: number;
  readonly bytes: Uint8Array;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(what: string): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw refuse("module_invalid", `${what} ends too early`, this.at);
    this.at++;
    return value;
  }

  /** An unsigned 32-bit LEB128. */
  u32(what: string): number {
    const first = this.byte(what);
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 128;
    for (let i = 1; i < 5; i++) {
      const byte = this.byte(what);
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        if (i === 4 && byte > 0x0f) break;
        return value;
      }
    }
    throw refuse("module_invalid", `${what} is not a 32-bit number`, this.at - 1);
  }

  /** A signed 32-bit LEB128. */
  s32(what: string): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte(what);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28) {
          const top = byte & 0x78;
          if (top !== 0 && top !== 0x78) break;
          return value;
        }
        return byte & 0x40 ? value | (-1 << (shift + 7)) : value;
      }
    }
    throw refuse("module_invalid", `${what} is not a signed 32-bit number`, this.at - 1);
  }

  /** Steps over a signed LEB128 of at most `bits` bits. */
  skipSigned(bits: number, what: string): void {
    for (let left = Math.ceil(bits / 7); left > 0; left--) {
      if (this.byte(what) < 0x80) return;
    }
    throw refuse("module_invalid", `${what} is not a ${bits}-bit number`, this.at - 1);
  }

  skip(count: number, what: string): void {
    if (count > this.end - this.at) throw refuse("module_invalid", `${what} ends too early`, this.end);
    this.at += count;
  }

  /** A name: a length and UTF-8 bytes. */
  name(what: string, nameBytesMax: number): string {
    const at = this.at;
    const length = this.u32(`the length of ${what}`);
    within(length, nameBytesMax, "nameBytesMax", `the length of ${what} in bytes`, at);
    const start = this.at;
    this.skip(length, what);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw refuse("module_invalid", `${what} is not UTF-8`, start);
    }
  }
}
