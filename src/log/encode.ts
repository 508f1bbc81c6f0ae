/**
 * Writes a body as canonical msgpack, with a hole for each payload's digest.
 *
 * Owns: the bytes of every value (the rules are codec.ts's), the order of keys, where digests go.
 * Does not own: salts and digests, which are put into the holes once the whole body is known to be canonical.
 *
 * Invariants:
 * 1. It writes what the general encoder of the msgpack library writes under the same rules; a property test holds one
 *    against the other. It is here because entries are written by the hundred a second, and most of what they hold is a
 *    few shapes of objects over and over: their keys are sorted and encoded once.
 * 2. A value outside the rules throws {@link NotCanonical} before anything is salted.
 * 3. What it remembers of shapes and keys is bounded, and changes no byte.
 */
import { Payload } from "../kernel/payload.ts";

/** Thrown for a value no body may hold; `problem` in codec.ts says which. */
export class NotCanonical extends Error {}

/** A body's bytes, with holes; a view that the next body overwrites. */
export interface Written {
  readonly bytes: Uint8Array;
  /** The payloads in order of occurrence. One that stands twice is here twice. */
  readonly payloads: readonly Payload[];
  /** Where the digest of each goes. */
  readonly holes: readonly number[];
}

/** How many arrays and objects may lie in each other, and what a digest takes. */
export interface WriteLimits {
  readonly depthMax: number;
  readonly digestBytes: number;
  /** The msgpack extension type of a digest. */
  readonly extension: number;
}

/** A sequence of keys as they were met, and the rest of those that go on from it. */
interface Shape {
  readonly next: Map<string, Shape>;
  /** Its keys in canonical order; null until an object of exactly these keys is met. */
  sorted: readonly Key[] | null;
}

interface Key {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const shapesMax = 4096, keysMax = 4096;
/** A buffer that grew beyond this is dropped, so that one large entry does not hold its memory. */
const bufferBytesMax = 1 << 20;
const startBytes = 1 << 16;
/** Texts up to this length are written in a loop: for them a call of the platform costs more. */
const shortTextMax = 48;

const encoder = new TextEncoder();

function isPlain(object: object): object is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

/** Writes one body after the other. */
export class BodyWriter {
  readonly #limits: WriteLimits;
  readonly #keys = new Map<string, Uint8Array>();
  readonly #root: Shape = { next: new Map(), sorted: null };
  #shapes = 0;
  #bytes = new Uint8Array(startBytes);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #payloads: Payload[] = [];
  #holes: number[] = [];

  constructor(limits: WriteLimits) {
    this.#limits = limits;
  }

  /** Writes a body. Throws {@link NotCanonical}. */
  write(body: unknown): Written {
    if (this.#bytes.length > bufferBytesMax) this.#resize(startBytes);
    this.#at = 0;
    this.#payloads = [];
    this.#holes = [];
    this.#value(body, 0);
    return { bytes: this.#bytes.subarray(0, this.#at), payloads: this.#payloads, holes: this.#holes };
  }

  #resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, Math.min(this.#at, size)));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  /** Makes room for `more` bytes. */
  #reserve(more: number): void {
    const need = this.#at + more;
    if (need > this.#bytes.length) this.#resize(Math.max(need, this.#bytes.length * 2));
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        this.#reserve(1);
        this.#bytes[this.#at++] = value ? 0xc3 : 0xc2;
        return;
      case "object":
        break;
      default:
        throw new NotCanonical();
    }
    if (value === null) {
      this.#reserve(1);
      this.#bytes[this.#at++] = 0xc0;
    } else if (value instanceof Payload) this.#payload(value);
    else if (depth >= this.#limits.depthMax) throw new NotCanonical();
    else if (Array.isArray(value)) this.#list(value, depth);
    else if (value instanceof Uint8Array) this.#binary(value);
    else this.#object(value, depth);
  }

  #payload(payload: Payload): void {
    const { digestBytes, extension } = this.#limits;
    this.#reserve(3 + digestBytes);
    this.#bytes[this.#at++] = 0xc7;
    this.#bytes[this.#at++] = digestBytes;
    this.#bytes[this.#at++] = extension;
    this.#payloads.push(payload);
    this.#holes.push(this.#at);
    this.#at += digestBytes;
  }

  #list(list: readonly unknown[], depth: number): void {
    this.#head(list.length, 0x90, 15, 0xdc);
    for (let i = 0; i < list.length; i++) this.#value(list[i], depth + 1);
  }

  #object(object: object, depth: number): void {
    if (!isPlain(object)) throw new NotCanonical();
    const keys = this.#sorted(Object.keys(object));
    this.#head(keys.length, 0x80, 15, 0xde);
    for (const { name, bytes } of keys) {
      this.#reserve(bytes.length);
      this.#bytes.set(bytes, this.#at);
      this.#at += bytes.length;
      this.#value(object[name], depth + 1);
    }
  }

  /** The keys of an object in canonical order, encoded. */
  #sorted(keys: readonly string[]): readonly Key[] {
    let shape: Shape = this.#root;
    for (const key of keys) {
      const next = shape.next.get(key) ?? this.#grow(shape, key);
      if (next === null) return this.#order(keys);
      shape = next;
    }
    return shape.sorted ??= this.#order(keys);
  }

  #grow(shape: Shape, key: string): Shape | null {
    if (this.#shapes >= shapesMax) return null;
    this.#shapes++;
    const next: Shape = { next: new Map(), sorted: null };
    shape.next.set(key, next);
    return next;
  }

  #order(keys: readonly string[]): readonly Key[] {
    return [...keys].sort().map((name) => ({ name, bytes: this.#key(name) }));
  }

  #key(name: string): Uint8Array {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    if (name === "__proto__") throw new NotCanonical();
    const start = this.#at;
    this.#text(name);
    const bytes = this.#bytes.slice(start, this.#at);
    this.#at = start;
    if (this.#keys.size < keysMax) this.#keys.set(name, bytes);
    return bytes;
  }

  /** The header of a list or an object: in one byte up to `shortMax`, else with 16 or 32 bits of length. */
  #head(length: number, short: number, shortMax: number, long: number): void {
    this.#reserve(5);
    if (length <= shortMax) this.#bytes[this.#at++] = short + length;
    else if (length <= 0xffff) {
      this.#bytes[this.#at] = long;
      this.#view.setUint16(this.#at + 1, length);
      this.#at += 3;
    } else {
      this.#bytes[this.#at] = long + 1;
      this.#view.setUint32(this.#at + 1, length);
      this.#at += 5;
    }
  }

  #binary(binary: Uint8Array): void {
    const { length } = binary;
    this.#reserve(5 + length);
    this.#sized(length, 0xc4);
    this.#bytes.set(binary, this.#at);
    this.#at += length;
  }

  /** A header with 8, 16 or 32 bits of length. */
  #sized(length: number, first: number): void {
    if (length <= 0xff) {
      this.#bytes[this.#at] = first;
      this.#bytes[this.#at + 1] = length;
      this.#at += 2;
    } else if (length <= 0xffff) {
      this.#bytes[this.#at] = first + 1;
      this.#view.setUint16(this.#at + 1, length);
      this.#at += 3;
    } else {
      this.#bytes[this.#at] = first + 2;
      this.#view.setUint32(this.#at + 1, length);
      this.#at += 5;
    }
  }

  #textHead(length: number): void {
    if (length < 32) this.#bytes[this.#at++] = 0xa0 + length;
    else this.#sized(length, 0xd9);
  }

  #text(text: string): void {
    const { length } = text;
    this.#reserve(5 + length * 3);
    const start = this.#at;
    if (length <= shortTextMax) {
      this.#textHead(length);
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        this.#bytes[this.#at++] = code;
      }
      if (i === length) return;
      this.#at = start;
    }
    if (!text.isWellFormed()) throw new NotCanonical();
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start + 5));
    this.#textHead(written);
    this.#bytes.copyWithin(this.#at, start + 5, start + 5 + written);
    this.#at += written;
  }

  #number(value: number): void {
    this.#reserve(9);
    const at = this.#at;
    if (!Number.isSafeInteger(value)) {
      if (!Number.isFinite(value)) throw new NotCanonical();
      this.#bytes[at] = 0xcb;
      this.#view.setFloat64(at + 1, value);
      this.#at += 9;
    } else if (value >= 0) this.#positive(value, at);
    else this.#negative(value, at);
  }

  #positive(value: number, at: number): void {
    if (value < 0x80) {
      this.#bytes[at] = value;
      this.#at += 1;
    } else if (value <= 0xff) {
      this.#bytes[at] = 0xcc;
      this.#bytes[at + 1] = value;
      this.#at += 2;
    } else if (value <= 0xffff) {
      this.#bytes[at] = 0xcd;
      this.#view.setUint16(at + 1, value);
      this.#at += 3;
    } else if (value <= 0xffffffff) {
      this.#bytes[at] = 0xce;
      this.#view.setUint32(at + 1, value);
      this.#at += 5;
    } else {
      this.#bytes[at] = 0xcf;
      this.#view.setBigUint64(at + 1, BigInt(value));
      this.#at += 9;
    }
  }

  #negative(value: number, at: number): void {
    if (value >= -0x20) {
      this.#bytes[at] = 0x100 + value;
      this.#at += 1;
    } else if (value >= -0x80) {
      this.#bytes[at] = 0xd0;
      this.#bytes[at + 1] = 0x100 + value;
      this.#at += 2;
    } else if (value >= -0x8000) {
      this.#bytes[at] = 0xd1;
      this.#view.setInt16(at + 1, value);
      this.#at += 3;
    } else if (value >= -0x80000000) {
      this.#bytes[at] = 0xd2;
      this.#view.setInt32(at + 1, value);
      this.#at += 5;
    } else {
      this.#bytes[at] = 0xd3;
      this.#view.setBigInt64(at + 1, BigInt(value));
      this.#at += 9;
    }
  }
}
