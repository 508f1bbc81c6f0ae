/**
 * Dot products of int8 vectors, exact and the same on every machine: a small WebAssembly module of our own with SIMD.
 *
 * Invariant: `code` is dots.wat, assembled; a test holds one against the other, and both against plain sums.
 */

/** dots.wat, assembled, in base64. */
export const code =
  "AGFzbQEAAAABCQFgBX9/f39/AAMCAQAFAwEAAQcRAgZtZW1vcnkCAARkb3RzAAAKrQEBqgECAX8DeyACRQRADwsDQP0MAAAAAAAAAAAA" +
  "AAAAAAAAACEGQQAhBQNAIAAgBWr9AAQAIQcgASAFav0ABAAhCCAGIAf9hwEgCP2HAf26Af2uASEGIAYgB/2IASAI/YgB/boB/a4BIQYg" +
  "BUEQaiEFIAUgA0kNAAsgBCAG/RsAIAb9GwFqIAb9GwIgBv0bA2pqNgIAIAEgA2ohASAEQQRqIQQgAkEBayICDQALCwA2BG5hbWUCLwEA" +
  "CQAFcXVlcnkBAmF0AgVjb3VudAMFYnl0ZXMEA291dAUBaQYDc3VtBwFhCAFi";

/** Vectors are padded with zeros to a multiple of this many bytes. */
export const vectorBlock = 16;
const pageBytes = 65_536;

type Dots = (query: number, at: number, count: number, bytes: number, out: number) => void;

function isDots(value: unknown): value is Dots {
  return typeof value === "function";
}

/** Many int8 vectors of one length in the module's memory: the query first, then room for results, then the vectors. */
export class DotStore {
  readonly #memory: WebAssembly.Memory;
  readonly #dots: Dots;
  /** Bytes of one vector, padded. */
  readonly bytes: number;
  #count = 0;
  #capacity = 0;

  constructor(dimensions: number) {
    this.bytes = Math.ceil(dimensions / vectorBlock) * vectorBlock;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.fromBase64(code)));
    const { memory, dots } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory) || !isDots(dots)) {
      throw new TypeError("Fault: the dot products have no memory or no function");
    }
    this.#memory = memory;
    this.#dots = dots;
  }

  /** How many vectors there are. */
  get count(): number {
    return this.#count;
  }

  /** Adds a vector; its number. */
  add(vector: Int8Array): number {
    if (this.#count === this.#capacity) this.#grow();
    const into = new Int8Array(this.#memory.buffer, this.#vectorsAt + this.#count * this.bytes, this.bytes);
    into.fill(0);
    into.set(vector.subarray(0, this.bytes));
    return this.#count++;
  }

  /** The dot product of each vector with `query`, by number. Valid until the next call. */
  dots(query: Int8Array): Int32Array {
    this.#need(this.#vectorsAt);
    const into = new Int8Array(this.#memory.buffer, 0, this.bytes);
    into.fill(0);
    into.set(query.subarray(0, this.bytes));
    this.#dots(0, this.#vectorsAt, this.#count, this.bytes, this.bytes);
    return new Int32Array(this.#memory.buffer, this.bytes, this.#count);
  }

  get #vectorsAt(): number {
    return Math.ceil((this.bytes + this.#capacity * 4) / vectorBlock) * vectorBlock;
  }

  #grow(): void {
    const from = this.#vectorsAt;
    this.#capacity = Math.max(1024, this.#capacity * 2);
    const to = this.#vectorsAt, used = this.#count * this.bytes;
    this.#need(to + this.#capacity * this.bytes);
    new Uint8Array(this.#memory.buffer).copyWithin(to, from, from + used);
  }

  #need(bytes: number): void {
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
  }
}
