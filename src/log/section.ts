/**
 * Sections: how the payloads of an entry lie beside its body, in the order in which their digests first stand there.
 *
 * For each payload, little-endian: salt bytes u32 (0: erased) · content bytes u32 · salt · content.
 *
 * Invariant: salt and content stand next to each other, as they are hashed.
 */
import { put } from "../kernel/blocks.ts";
import { assert } from "../kernel/errors.ts";

/** What lies beside a body for one payload. Salt and bytes are null together: erased. */
export interface BesidePayload {
  readonly salt: Uint8Array | null;
  readonly bytes: Uint8Array | null;
}

const headBytes = 8;
const startBytes = 1 << 16;
/** A buffer that grew beyond this is dropped, so that one large entry does not hold its memory. */
const keptBytesMax = 1 << 20;
/** Writes one section after the other. */
export class SectionWriter {
  /** The section so far, with room behind it; another array once there is no room. */
  bytes = new Uint8Array(startBytes);
  length = 0;
  /** Payloads in it. */
  count = 0;

  /** Begins a section. */
  reset(): void {
    if (this.bytes.length > keptBytesMax) this.bytes = new Uint8Array(startBytes);
    this.length = this.count = 0;
  }

  /** Lays a payload; where its salt begins. */
  lay(salt: Uint8Array, content: Uint8Array): number {
    const at = this.length + headBytes;
    this.#head(salt.length, content.length);
    put(this.bytes, at, salt, 0, salt.length);
    put(this.bytes, at + salt.length, content, 0, content.length);
    this.length = at + salt.length + content.length;
    return at;
  }

  /** Lays a payload that was erased. */
  layErased(): void {
    this.#head(0, 0);
    this.length += headBytes;
  }

  /** A copy of the section. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  #head(saltBytes: number, contentBytes: number): void {
    const at = this.length, need = at + headBytes + saltBytes + contentBytes;
    if (need > this.bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    this.#u32(at, saltBytes);
    this.#u32(at + 4, contentBytes);
    this.count++;
  }

  #u32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }
}

/** The section of some payloads. */
export function encodeSection(payloads: readonly BesidePayload[]): Uint8Array {
  const writer = new SectionWriter();
  for (const { salt, bytes } of payloads) {
    if (salt === null || bytes === null) writer.layErased();
    else writer.lay(salt, bytes);
  }
  return writer.copy();
}

/** The payloads of a section, views of it. A section that does not hold `count` payloads and no more is a fault. */
export function decodeSection(section: Uint8Array, count: number): BesidePayload[] {
  const from = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const payloads: BesidePayload[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    assert(at + headBytes <= section.length, "a payload section ends where its frame says");
    const salt = at + headBytes;
    const content = salt + from.getUint32(at, true);
    const next = content + from.getUint32(at + 4, true);
    assert(next <= section.length, "a payload lies inside its section");
    payloads.push(
      content === salt
        ? { salt: null, bytes: null }
        : { salt: section.subarray(salt, content), bytes: section.subarray(content, next) },
    );
    at = next;
  }
  assert(at === section.length, "a payload section holds its payloads and no more");
  return payloads;
}
