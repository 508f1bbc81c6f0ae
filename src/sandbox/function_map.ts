/**
 * Which function of a module a byte offset lies in: names the frames of a trap.
 *
 * V8 gives the offset of a frame in the metered module, which nobody has seen; its function's index and export are
 * those of the module as it was written, since metering appends and never renumbers.
 */

interface Body {
  readonly start: number;
  readonly end: number;
  readonly index: number;
}

/** Reads LEB128 numbers and names out of a module that V8 has accepted. */
class Cursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  u8(): number {
    return this.bytes[this.at++] ?? 0;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  name(): string {
    const length = this.u32();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }
}

/** The functions of one module. */
export class FunctionMap {
  readonly #bodies: Body[] = [];
  readonly #exports = new Map<number, string>();

  /** `imports`: how many functions the module imports; they come before its own. */
  constructor(bytes: Uint8Array, imports: number) {
    const cursor = new Cursor(bytes, 8);
    while (cursor.at < bytes.length) {
      const id = cursor.u8();
      const end = cursor.u32() + cursor.at;
      if (id === 7) this.#readExports(cursor);
      if (id === 10) this.#readBodies(cursor, imports);
      cursor.at = end;
    }
  }

  #readExports(cursor: Cursor): void {
    for (let left = cursor.u32(); left > 0; left--) {
      const name = cursor.name();
      const kind = cursor.u8();
      const index = cursor.u32();
      if (kind === 0 && !this.#exports.has(index)) this.#exports.set(index, name);
    }
  }

  #readBodies(cursor: Cursor, imports: number): void {
    const count = cursor.u32();
    for (let i = 0; i < count; i++) {
      const size = cursor.u32();
      this.#bodies.push({ start: cursor.at, end: cursor.at + size, index: imports + i });
      cursor.at += size;
    }
  }

  /** The frame at an offset: the name V8 gave it, or its export, and its index. */
  frame(name: string, offset: number): string {
    const body = this.#bodies.find(({ start, end }) => offset >= start && offset < end);
    if (body === undefined) return name || "function";
    return `${name || (this.#exports.get(body.index) ?? "function")} [${body.index}]`;
  }
}
